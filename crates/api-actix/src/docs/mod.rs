//! The description of the API, and a page to read and try it.

pub mod openapi;

#[cfg(test)]
mod bodies;
mod swagger;

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, ServiceConfig, get, resource};
use domain::passwords::PasswordPolicy;
use domain::registration::RegistrationMode;

/// The API's description for the clients of a server.
pub(crate) struct ServedDocument {
    public_path: String,
    registration: RegistrationMode,
    json: OnceLock<Bytes>,
}

impl ServedDocument {
    /// Of a node in this mode, for clients who have this path before each of ours.
    pub(crate) fn at(public_path: &str, registration: RegistrationMode) -> Self {
        Self { public_path: public_path.to_owned(), registration, json: OnceLock::new() }
    }
}

/// Mounts `/openapi.json` and `/docs`. The page finds the description beside itself, wherever that is.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(resource(["/openapi.json", "/docs/openapi.json"]).route(get().to(show)))
        .service(resource("/docs").route(get().to(swagger::index_of_folder)))
        .service(resource("/docs/{file:.*}").route(get().to(swagger::file)));
}

async fn show(policy: Data<PasswordPolicy>, description: Data<ServedDocument>) -> HttpResponse {
    let json = description
        .json
        .get_or_init(|| openapi::json_of(&policy, description.registration, &description.public_path).into());
    HttpResponse::Ok().content_type("application/json").body(json.clone())
}
