use actix_web::{HttpResponse, web};
use application::ApplicationError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::responses::Unavailable;
use crate::state::AppState;

/// The state of the service.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: what is not, is a problem document.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Liveness.
///
/// Whether the process runs. Asks nobody.
#[utoipa::path(get, path = "/health/live", tag = "health",
    responses((status = 200, description = "The process runs.", body = Health)))]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Readiness.
///
/// Whether requests can be served: asks the database whether it takes writes, and for the signing keys.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, description = "The database takes writes, and the signing keys can be read.", body = Health), Unavailable))]
pub(crate) async fn ready(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    let database = async { state.health.check().await.map_err(ApplicationError::from) };
    // Without them no token is let in, whatever keeps them from being read.
    let keys =
        async { state.application.keys.reload().await.map_err(|error| ApplicationError::Unavailable(error.into())) };
    // At once, since each may take 2 s.
    tokio::try_join!(database, keys)?;
    Ok(HttpResponse::Ok().json(Health { status: "ok" }))
}
