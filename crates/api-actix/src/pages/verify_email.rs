use std::net::IpAddr;

use actix_web::HttpRequest;
use application::emails::Emails;
use domain::one_time_tokens::Purpose;

use super::{Page, Sent};
use crate::http::{ApiError, Limited, part};

/// The proof that the address of an account is its owner's.
pub(super) struct VerifyEmail;

impl Page for VerifyEmail {
    const PURPOSE: Purpose = Purpose::VerifyEmail;
    const ASKS_FOR_PASSWORD: bool = false;
    const LIMITED: Limited = Limited::PasswordReset;

    async fn submit(request: &HttpRequest, sent: Sent, address: Option<IpAddr>) -> Result<(), ApiError> {
        Ok(part::<Emails>(request)?.verify(sent.proof(), address).await?)
    }
}
