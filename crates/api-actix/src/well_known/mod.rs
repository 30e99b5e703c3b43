//! What other services read to find their way and to check access tokens.

mod jwks;
mod metadata;

use actix_web::web::{Data, ServiceConfig, get, resource};
use utoipa::OpenApi;

use crate::http::Feature;

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.keys.clone())),
    routes,
    openapi: Document::openapi,
    errors: &[],
    #[cfg(test)]
    bodies: || vec![],
};

fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/.well-known/jwks.json").route(get().to(jwks::jwks)))
        .service(resource("/.well-known/oauth-authorization-server").route(get().to(metadata::metadata)))
        .service(
            resource([
                "/.well-known/oauth-authorization-server/{path:.*}",
                "/{path:.*}/.well-known/oauth-authorization-server",
            ])
            .route(get().to(metadata::metadata_of_path)),
        );
}

#[derive(OpenApi)]
#[openapi(
    paths(jwks::jwks, metadata::metadata),
    tags((name = "keys", description = "For services that check access tokens by themselves."))
)]
struct Document;
