use actix_web::{HttpResponse, web};
use application::ApplicationError;
use application::keys::Keys;
use domain::HealthCheck;

use super::Health;
use crate::http::ApiError;
use crate::http::responses::Unavailable;

/// Readiness.
///
/// Whether requests can be served: whether the database takes writes, and the signing keys can be read.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, description = "The database takes writes, and the signing keys can be read.", body = Health), Unavailable))]
pub(crate) async fn ready(keys: web::Data<Keys>, health: web::Data<dyn HealthCheck>) -> Result<HttpResponse, ApiError> {
    let database = async { health.check().await.map_err(ApplicationError::from) };
    // Without them no token is accepted, whatever keeps them from being read.
    let keys = async { keys.reload().await.map_err(|error| ApplicationError::Unavailable(error.into())) };
    // At once, since each may take 2 s.
    tokio::try_join!(database, keys)?;
    Ok(HttpResponse::Ok().json(Health { status: "ok" }))
}
