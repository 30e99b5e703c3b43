use std::net::IpAddr;

use actix_web::HttpRequest;
use application::passwords::{ChooseByMail, Passwords};
use domain::one_time_tokens::Purpose;

use super::{Page, Sent};
use crate::http::{ApiError, Limited, part};

/// A new password for whoever forgot theirs.
pub(super) struct ResetPassword;

impl Page for ResetPassword {
    const PURPOSE: Purpose = Purpose::ResetPassword;
    const ASKS_FOR_PASSWORD: bool = true;
    const LIMITED: Limited = Limited::PasswordReset;

    async fn submit(request: &HttpRequest, sent: Sent, address: Option<IpAddr>) -> Result<(), ApiError> {
        let reset = ChooseByMail { proof: sent.proof(), new: sent.new_password()? };
        Ok(part::<Passwords>(request)?.confirm_reset(reset, address).await?)
    }
}
