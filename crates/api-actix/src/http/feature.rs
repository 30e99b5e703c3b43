use actix_web::web::ServiceConfig;
use application::Application;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, RefOr, Required};

use super::app_data::AppData;
use super::error_row::ErrorRow;

/// What a feature adds to the API. The list of them is in [`features`](crate::features).
pub(crate) struct Feature {
    /// The services that its handlers take.
    pub(crate) data: fn(&Application, AppData) -> AppData,
    /// Mounts its routes.
    pub(crate) routes: fn(&mut ServiceConfig),
    /// Its part of the OpenAPI document.
    pub(crate) openapi: fn() -> OpenApi,
    /// Its rows of the table of errors.
    pub(crate) errors: &'static [ErrorRow],
    /// The bodies that its routes read, which a test compares with the document.
    #[cfg(test)]
    pub(crate) bodies: fn() -> Vec<super::fields::checked::Checked>,
}

/// Says in the document that an operation's body may be absent, which its own declaration cannot say.
pub(crate) fn take_no_body_too(operation: Option<&mut Operation>) {
    if let Some(RefOr::T(body)) = operation.and_then(|operation| operation.request_body.as_mut()) {
        body.required = Some(Required::False);
    }
}
