use actix_web::{HttpResponse, web};
use application::providers::Providers;
use domain::identities::IdentityId;

use crate::http::responses::{Conflict, Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// Unlink an account.
///
/// All access tokens become void, so refresh next; the user's other sessions end, and this one too if it began with a
/// provider and none is left. The last way to sign in stays: 409 `last_way_in`, where neither a password, nor a passkey
/// that one can use, nor an account at a configured provider is left. Needs a recent proof by a factor that one has:
/// otherwise 403 `step_up_required`.
#[utoipa::path(delete, path = "/api/v1/users/me/identities/{id}", tag = "providers",
    params(("id" = Uuid, Path, description = "The linked account.")),
    responses((status = 204, description = "It is unlinked."), Unauthorized, Forbidden, NotFound, Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn unlink(
    providers: web::Data<Providers>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    providers.unlink(&actor, IdentityId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
