use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use utoipa_swagger_ui::{Config, serve};

use crate::http::ApiError;

static SWAGGER: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("openapi.json").persist_authorization(false).try_it_out_enabled(true);
    Arc::new(config.validator_url("none"))
});

/// Swagger UI's page, as `/docs`. It names its files relative to itself, as `/docs/`.
pub(crate) async fn index_of_folder() -> Result<HttpResponse, ApiError> {
    let page = swagger("index.html")?;
    let html = String::from_utf8_lossy(&page.content).replace("=\"./", "=\"docs/").replace("=\"index", "=\"docs/index");
    Ok(HttpResponse::Ok().content_type(page.content_type).body(html))
}

/// Swagger UI's files, which are part of the binary.
pub(crate) async fn file(name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let file = swagger(if name.is_empty() { "index.html" } else { &name })?;
    Ok(HttpResponse::Ok().content_type(file.content_type).body(file.content))
}

#[derive(Clone)]
struct File {
    content_type: String,
    content: Bytes,
}

/// All responses share one copy: the largest has over a megabyte, and a client may be slow to read it.
fn swagger(name: &str) -> Result<File, ApiError> {
    static FILES: LazyLock<Mutex<HashMap<String, File>>> = LazyLock::new(Mutex::default);
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = files.get(name) {
        return Ok(file.clone());
    }
    let found = serve(name, Arc::clone(&SWAGGER)).ok().flatten().ok_or(ApiError::NotFound)?;
    let charset = if found.content_type == "text/html" { "; charset=utf-8" } else { "" };
    let file = File { content_type: found.content_type + charset, content: found.bytes.into_owned().into() };
    files.insert(name.to_owned(), file.clone());
    Ok(file)
}
