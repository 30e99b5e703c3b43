use std::net::IpAddr;

use actix_web::HttpRequest;
use application::passwords::{self, Passwords};
use domain::one_time_tokens::Purpose;

use super::{Page, Sent};
use crate::http::{ApiError, Limited, part};

/// The first password of somebody who was invited.
pub(super) struct AcceptInvitation;

impl Page for AcceptInvitation {
    const PURPOSE: Purpose = Purpose::Invitation;
    const ASKS_FOR_PASSWORD: bool = true;
    const LIMITED: Limited = Limited::PasswordReset;

    async fn submit(request: &HttpRequest, sent: Sent, address: Option<IpAddr>) -> Result<(), ApiError> {
        let accepted = passwords::ChooseByMail { proof: sent.proof(), new: sent.new_password()? };
        Ok(part::<Passwords>(request)?.accept_invitation(accepted, address).await?)
    }
}
