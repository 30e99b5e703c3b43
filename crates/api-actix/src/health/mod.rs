//! For load balancers and orchestrators.

mod live;
mod ready;

use actix_web::web::{ServiceConfig, get, resource};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::http::Feature;

pub(crate) const FEATURE: Feature = Feature {
    data: |_, data| data,
    routes,
    openapi: Document::openapi,
    errors: &[ready::STOPPING],
    #[cfg(test)]
    bodies: || vec![],
};

fn routes(config: &mut ServiceConfig) {
    config
        .service(resource(["/health/live", "/health/live/"]).route(get().to(live::live)))
        .service(resource(["/health/ready", "/health/ready/"]).route(get().to(ready::ready)));
}

#[derive(OpenApi)]
#[openapi(
    paths(live::live, ready::ready),
    tags((name = "health", description = "For load balancers and orchestrators."))
)]
struct Document;

/// The state of the service.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`. Anything else is a problem document.
    #[schema(example = "ok")]
    status: &'static str,
}
