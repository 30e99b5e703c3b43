use actix_web::{HttpResponse, web};
use application::sign_in::SignIn;

use super::{OptionsBody, answer};
use crate::http::responses::{NotFound, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// Ask for a passkey to prove again that it is you.
///
/// Returns what the browser is asked, good for five minutes, once and for this session. 404 `no_passkey` where the user
/// has none.
#[utoipa::path(post, path = "/api/v1/auth/step-up/passkey/options", tag = "passkeys",
    responses((status = 200, description = "The options.", body = OptionsBody), Unauthorized, NotFound, RateLimited, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn start_passkey_step_up(
    sign_in: web::Data<SignIn>,
    guarded: Guarded<()>,
) -> Result<HttpResponse, ApiError> {
    answer(&sign_in.start_step_up_by_passkey(&guarded.actor).await?)
}
