use actix_web::{HttpResponse, web};
use application::passkeys::Passkeys;

use super::{OptionsBody, answer};
use crate::http::responses::{Conflict, Forbidden, NotFound, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// Ask for a new passkey.
///
/// Returns what the browser is asked, good for five minutes, once and for this session. A user has twenty passkeys at
/// most. Needs a recent proof of who one is: otherwise 403 `step_up_required`. 404 `passkeys_off` where there are no
/// passkeys.
#[utoipa::path(post, path = "/api/v1/users/me/passkeys/options", tag = "passkeys",
    responses((status = 200, description = "The options.", body = OptionsBody), Unauthorized, Forbidden, NotFound, Conflict,
        RateLimited, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn start_passkey_registration(
    passkeys: web::Data<Passkeys>,
    guarded: Guarded<()>,
) -> Result<HttpResponse, ApiError> {
    answer(&passkeys.start_registration(&guarded.actor).await?)
}
