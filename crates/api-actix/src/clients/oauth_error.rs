use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use application::ApplicationError;

use super::{INVALID_CLIENT, INVALID_REQUEST};
use crate::http::{ApiError, ErrorRow};

/// The challenge to a client (RFC 7617, section 2).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"hexauth\", charset=\"UTF-8\"");

/// An error of an OAuth endpoint: like any other, and also told in OAuth's way (RFC 6749, section 5.2).
#[derive(Debug)]
pub(crate) struct OAuthError(ApiError);

impl OAuthError {
    fn row(&self) -> ErrorRow {
        match &self.0 {
            ApiError::Invalid(_) => INVALID_REQUEST,
            fault => fault.row(),
        }
    }

    /// What clients look for in `error`. A fault of ours has no word there.
    fn error(&self) -> Option<&'static str> {
        let row = self.row();
        if row == INVALID_CLIENT {
            Some(INVALID_CLIENT.code)
        } else {
            row.status.is_client_error().then_some(INVALID_REQUEST.code)
        }
    }
}

impl From<ApiError> for OAuthError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<ApplicationError> for OAuthError {
    fn from(error: ApplicationError) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().code)
    }
}

impl ResponseError for OAuthError {
    fn status_code(&self) -> StatusCode {
        self.row().status
    }

    fn error_response(&self) -> HttpResponse {
        let mut problem = self.0.problem(self.row());
        problem.error = self.error();
        let mut response = self.0.response(&problem);
        if self.row() == INVALID_CLIENT {
            response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::seen;

    #[tokio::test]
    async fn faults_of_a_request_have_the_words_of_oauth() {
        let field = ApiError::invalid("token", "required", "It is required.");
        let cases = [
            (field, "400 invalid_request error=invalid_request token:required"),
            (ApiError::BodyTooLarge, "413 body_too_large error=invalid_request"),
            (ApplicationError::InvalidClient.into(), "401 invalid_client error=invalid_client"),
            (ApplicationError::Overloaded.into(), "503 overloaded"),
        ];
        for (fault, expected) in cases {
            assert_eq!(seen(&OAuthError(fault)).await, expected);
        }
    }
}
