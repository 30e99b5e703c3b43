use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use application::ApplicationError;
use application::keys::Keys;
use domain::HealthCheck;

use super::Health;
use crate::http::responses::Unavailable;
use crate::http::{ApiError, Draining, ErrorRow};

pub(super) const STOPPING: ErrorRow =
    ErrorRow::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "The server is about to stop.");

/// Readiness.
///
/// Whether requests can be served: whether the database takes writes, the signing keys can be read, and the server is
/// not about to stop.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, description = "The database takes writes, and the signing keys can be read.", body = Health), Unavailable))]
pub(crate) async fn ready(
    draining: web::Data<Draining>,
    keys: web::Data<Keys>,
    health: web::Data<dyn HealthCheck>,
) -> Result<HttpResponse, ApiError> {
    if draining.has_begun() {
        return Err(STOPPING.into());
    }
    let database = async { health.check().await.map_err(ApplicationError::from) };
    // Without them no token is accepted, whatever keeps them from being read.
    let keys = async { keys.reload().await.map_err(|error| ApplicationError::Unavailable(error.into())) };
    // At once, since each may take 2 s.
    tokio::try_join!(database, keys)?;
    Ok(HttpResponse::Ok().json(Health { status: "ok" }))
}
