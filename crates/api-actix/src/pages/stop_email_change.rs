use std::net::IpAddr;

use actix_web::HttpRequest;
use application::emails::Emails;
use domain::one_time_tokens::Purpose;

use super::{Page, Sent};
use crate::http::{ApiError, Limited, part};

/// A way back for whoever reads the mail of the previous address.
pub(super) struct StopEmailChange;

impl Page for StopEmailChange {
    const PURPOSE: Purpose = Purpose::StopEmailChange;
    const ASKS_FOR_PASSWORD: bool = false;
    const LIMITED: Limited = Limited::PasswordReset;

    async fn submit(request: &HttpRequest, sent: Sent, address: Option<IpAddr>) -> Result<(), ApiError> {
        Ok(part::<Emails>(request)?.stop_change(sent.proof(), address).await?)
    }
}
