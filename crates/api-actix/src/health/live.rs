use actix_web::HttpResponse;

use super::Health;

/// Liveness.
///
/// Whether the process runs. Nothing else is checked.
#[utoipa::path(get, path = "/health/live", tag = "health",
    responses((status = 200, description = "The process runs.", body = Health)))]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}
