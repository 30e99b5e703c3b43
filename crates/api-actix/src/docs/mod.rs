//! The description of the API, and a page to read and try it.

pub mod openapi;

#[cfg(test)]
mod bodies;
mod swagger;

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get, resource};

/// Mounts `/openapi.json` and `/docs`.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/openapi.json").route(get().to(show)))
        .service(resource("/docs").route(get().to(swagger::index)))
        .service(resource("/docs/{file:.*}").route(get().to(swagger::file)));
}

/// The API's description.
async fn show() -> HttpResponse {
    static DOCUMENT: LazyLock<String> = LazyLock::new(openapi::json);
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}
