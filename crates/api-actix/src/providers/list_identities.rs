use actix_web::{HttpResponse, web};
use application::providers::Providers;

use super::IdentityBody;
use crate::http::responses::{Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// List linked accounts.
///
/// The accounts at providers that the user has linked, the oldest first.
#[utoipa::path(get, path = "/api/v1/users/me/identities", tag = "providers",
    responses((status = 200, description = "The accounts.", body = [IdentityBody]), Unauthorized, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_identities(
    providers: web::Data<Providers>,
    guarded: Guarded<()>,
) -> Result<HttpResponse, ApiError> {
    let identities = providers.list_identities(&guarded.actor).await?;
    Ok(HttpResponse::Ok().json(identities.into_iter().map(IdentityBody::from).collect::<Vec<_>>()))
}
