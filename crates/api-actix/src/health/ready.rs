use actix_web::{HttpResponse, web};
use application::ApplicationError;

use super::Health;
use crate::http::responses::Unavailable;
use crate::http::{ApiError, AppState};

/// Readiness.
///
/// Whether requests can be served: asks the database whether it takes writes, and for the signing keys.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, description = "The database takes writes, and the signing keys can be read.", body = Health), Unavailable))]
pub(crate) async fn ready(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    let database = async { state.health.check().await.map_err(ApplicationError::from) };
    // Without them no token is let in, whatever keeps them from being read.
    let keys =
        async { state.application.reload_keys().await.map_err(|error| ApplicationError::Unavailable(error.into())) };
    // At once, since each may take 2 s.
    tokio::try_join!(database, keys)?;
    Ok(HttpResponse::Ok().json(Health { status: "ok" }))
}
