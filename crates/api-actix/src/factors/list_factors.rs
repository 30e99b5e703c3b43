use actix_web::{HttpResponse, web};
use application::Target;
use application::factors::Factors;

use super::FactorsBody;
use crate::http::responses::{Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// List factors.
///
/// The user's second factors, without their secrets.
#[utoipa::path(get, path = "/api/v1/users/me/factors", tag = "factors",
    responses((status = 200, description = "The factors.", body = FactorsBody), Unauthorized, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_factors(factors: web::Data<Factors>, guarded: Guarded<()>) -> Result<HttpResponse, ApiError> {
    let list = factors.list(&guarded.actor, Target::Me).await?;
    Ok(HttpResponse::Ok().json(FactorsBody::from(list)))
}
