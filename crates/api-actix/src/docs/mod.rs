//! The description of the API, and a page to read and try it.

pub mod openapi;

#[cfg(test)]
mod bodies;
mod swagger;

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, ServiceConfig, get, resource};
use domain::passwords::PasswordPolicy;

/// Mounts `/openapi.json` and `/docs`.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/openapi.json").app_data(Data::new(OnceLock::<Bytes>::new())).route(get().to(show)))
        .service(resource("/docs").route(get().to(swagger::index)))
        .service(resource("/docs/{file:.*}").route(get().to(swagger::file)));
}

/// The API's description, made when it is first asked for.
async fn show(policy: Data<PasswordPolicy>, document: Data<OnceLock<Bytes>>) -> HttpResponse {
    let document = document.get_or_init(|| openapi::json_under(&policy).into());
    HttpResponse::Ok().content_type("application/json").body(document.clone())
}
