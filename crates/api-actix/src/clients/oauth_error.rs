use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, PRAGMA, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use application::ApplicationError;
use serde::Serialize;
use utoipa::ToSchema;

use super::{INVALID_CLIENT, INVALID_REQUEST};
use crate::http::{ApiError, ErrorRow, Problem};

/// The challenge to a client (RFC 7617, section 2).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"hexauth\", charset=\"UTF-8\"");

/// What no grant of OAuth can carry. The API has a way to it.
const SECOND_FACTOR_REQUIRED: ErrorRow = ErrorRow::new(
    StatusCode::FORBIDDEN,
    "second_factor_required",
    "The user needs a second factor, which this grant cannot carry. They sign in at /api/v1/auth/login.",
);

/// An error of an OAuth endpoint: told in OAuth's way (RFC 6749, section 5.2), and besides like any other.
#[derive(Debug)]
pub(crate) struct OAuthError(ApiError);

/// An error of an OAuth endpoint (RFC 6749, section 5.2). Besides, it has the members of a problem document.
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub(crate) struct OAuthErrorBody {
    /// What went wrong, in OAuth's words: also `temporarily_unavailable` with 429 and 503.
    #[schema(example = "invalid_grant")]
    error: &'static str,
    /// One sentence for a person.
    #[schema(example = "The name or the password is wrong.")]
    error_description: String,
    #[serde(flatten)]
    problem: Problem,
}

impl OAuthError {
    fn row(&self) -> ErrorRow {
        match self.0.row() {
            _ if matches!(self.0, ApiError::Invalid(_)) => INVALID_REQUEST,
            row if row.code == SECOND_FACTOR_REQUIRED.code => SECOND_FACTOR_REQUIRED,
            row => row,
        }
    }

    /// The status, and what clients look for in `error`.
    fn in_words_of_oauth(&self) -> (StatusCode, &'static str) {
        let ErrorRow { status, code, .. } = self.row();
        match (code, status) {
            ("invalid_client" | "unsupported_grant_type", _) => (status, code),
            (
                "invalid_credentials"
                | "account_disabled"
                | "email_not_verified"
                | "second_factor_required"
                | "invalid_refresh_token",
                _,
            ) => (StatusCode::BAD_REQUEST, "invalid_grant"),
            (_, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => (status, "temporarily_unavailable"),
            _ if status.is_server_error() => (status, "server_error"),
            _ => (status, "invalid_request"),
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
        self.in_words_of_oauth().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, error) = self.in_words_of_oauth();
        // Whoever speaks OAuth could not go on with a challenge.
        let problem = self.0.problem(ErrorRow { status, ..self.row() }).without_challenge();
        let body = OAuthErrorBody { error, error_description: problem.detail.clone(), problem };
        let mut response = self.0.response(status, "application/json", &body);
        response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
        if self.row() == INVALID_CLIENT {
            response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::factors::{FactorKind, SecondFactorChallenge};
    use domain::{Secret, Timestamp};

    use super::*;
    use crate::http::{Allowance, seen};

    fn second_factor_required() -> ApiError {
        let (token, factors) = (Secret::new("hxc_challenge".to_owned()), vec![FactorKind::Totp]);
        let (expires_at, expires_in) = (Timestamp::default(), TimeDelta::minutes(10));
        let challenge = SecondFactorChallenge { token, expires_at, expires_in, factors };
        ApplicationError::SecondFactorRequired(challenge).into()
    }

    #[tokio::test]
    async fn nobody_gets_a_challenge_by_oauth() {
        let response = OAuthError(second_factor_required()).error_response();
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error_description"], SECOND_FACTOR_REQUIRED.detail);
        assert!(
            ["challenge", "factors", "expires_at", "expires_in"].into_iter().all(|member| body[member].is_null()),
            "{body}"
        );
    }

    #[tokio::test]
    async fn every_fault_has_the_words_of_oauth() {
        let field = ApiError::invalid("token", "required", "It is required.");
        let allowance = Allowance { limit: 5, remaining: 0, reset: 12 };
        let cases = [
            (field, "400 invalid_request error=invalid_request token:required"),
            (ApiError::BodyTooLarge, "413 body_too_large error=invalid_request"),
            (ApplicationError::InvalidClient.into(), "401 invalid_client error=invalid_client"),
            (ApplicationError::InvalidCredentials.into(), "400 invalid_credentials error=invalid_grant"),
            (ApplicationError::AccountDisabled.into(), "400 account_disabled error=invalid_grant"),
            (second_factor_required(), "400 second_factor_required error=invalid_grant"),
            (ApplicationError::InvalidRefreshToken.into(), "400 invalid_refresh_token error=invalid_grant"),
            (ApiError::RateLimited(allowance), "429 rate_limited error=temporarily_unavailable"),
            (ApplicationError::Overloaded.into(), "503 overloaded error=temporarily_unavailable"),
            (ApiError::Broken("a panic"), "500 internal_error error=server_error"),
        ];
        for (fault, expected) in cases {
            assert_eq!(seen(&OAuthError(fault)).await, expected);
        }
    }
}
