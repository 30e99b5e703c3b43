use std::net::IpAddr;

use actix_web::HttpRequest;
use application::emails::Emails;
use domain::one_time_tokens::Purpose;

use super::{Page, Sent};
use crate::http::{ApiError, Limited, part};

/// The new address of an account, confirmed by whoever reads its mail.
pub(super) struct ConfirmEmail;

impl Page for ConfirmEmail {
    const PURPOSE: Purpose = Purpose::ChangeEmail;
    const ASKS_FOR_PASSWORD: bool = false;
    const LIMITED: Limited = Limited::PasswordReset;

    async fn submit(request: &HttpRequest, sent: Sent, address: Option<IpAddr>) -> Result<(), ApiError> {
        Ok(part::<Emails>(request)?.confirm_change(sent.proof(), address).await?)
    }
}
