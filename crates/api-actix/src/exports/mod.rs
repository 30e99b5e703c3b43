//! What is held about a user, for that user.

mod export_me;

use actix_web::web::{Data, ServiceConfig, get, resource};
use utoipa::OpenApi;

use crate::http::Feature;

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.exports.clone())),
    routes,
    openapi: Document::openapi,
    errors: &[],
    #[cfg(test)]
    bodies: || vec![],
};

fn routes(config: &mut ServiceConfig) {
    config.service(resource("/users/me/export").route(get().to(export_me::export_me)));
}

#[derive(OpenApi)]
#[openapi(paths(export_me::export_me))]
struct Document;
