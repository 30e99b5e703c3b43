use actix_web::{HttpResponse, web};
use application::passkeys::Passkeys;
use domain::passkeys::PasskeyId;

use crate::http::responses::{Conflict, Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// Remove a passkey.
///
/// All access tokens become void, so refresh next; the user's other sessions end, and this one too if it began with a
/// passkey and none is left. Recovery codes go with the last factor. 409 `last_way_in` where there is neither a
/// password, nor another passkey, nor an account at a configured provider. Needs a recent proof by a factor that one
/// has: otherwise 403 `step_up_required`.
#[utoipa::path(delete, path = "/api/v1/users/me/passkeys/{id}", tag = "passkeys",
    params(("id" = Uuid, Path, description = "The passkey.")),
    responses((status = 204, description = "It is no way in any more."), Unauthorized, Forbidden, NotFound, Conflict,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn remove_passkey(
    passkeys: web::Data<Passkeys>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    passkeys.remove(&actor, PasskeyId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
