use std::sync::{Arc, LazyLock};

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use utoipa_swagger_ui::{Config, serve};

use crate::error::ApiError;
use crate::openapi;

static OPENAPI: LazyLock<String> = LazyLock::new(openapi::json);
static SWAGGER: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("/openapi.json").persist_authorization(false).try_it_out_enabled(true);
    Arc::new(config.validator_url("none"))
});

/// The API's description.
pub(crate) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(OPENAPI.as_str())
}

/// Swagger UI finds its files relative to `/docs/`.
pub(crate) async fn index() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// Swagger UI's files, which are part of the binary.
pub(crate) async fn file(name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    match serve(&name, Arc::clone(&SWAGGER)) {
        Ok(Some(file)) => Ok(HttpResponse::Ok().content_type(file.content_type).body(file.bytes.into_owned())),
        _ => Err(ApiError::NotFound),
    }
}
