use actix_web::{HttpResponse, web};
use application::passkeys::Passkeys;

use super::PasskeyBody;
use crate::http::responses::{Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// List passkeys.
///
/// The user's passkeys, the oldest first, twenty at most.
#[utoipa::path(get, path = "/api/v1/users/me/passkeys", tag = "passkeys",
    responses((status = 200, description = "The passkeys.", body = [PasskeyBody]), Unauthorized, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_passkeys(
    passkeys: web::Data<Passkeys>,
    guarded: Guarded<()>,
) -> Result<HttpResponse, ApiError> {
    let list = passkeys.list(&guarded.actor).await?;
    Ok(HttpResponse::Ok().json(list.iter().map(PasskeyBody::from).collect::<Vec<_>>()))
}
