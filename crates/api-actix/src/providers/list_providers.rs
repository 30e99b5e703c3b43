use actix_web::{HttpResponse, web};
use application::providers::Providers;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::responses::Any;

/// A provider.
#[derive(Serialize, ToSchema)]
#[schema(as = Provider)]
pub(crate) struct ProviderBody {
    /// Its name in paths.
    #[schema(example = "google")]
    name: String,
    /// What people call it.
    #[schema(example = "Google")]
    title: String,
}

/// List providers.
///
/// The identity providers that one can sign in by.
#[utoipa::path(get, path = "/api/v1/auth/providers", tag = "providers",
    responses((status = 200, description = "The providers.", body = [ProviderBody]), Any))]
pub(crate) async fn list_providers(providers: web::Data<Providers>) -> HttpResponse {
    let providers = providers.list().into_iter();
    let bodies = providers.map(|it| ProviderBody { name: it.name.as_str().to_owned(), title: it.title });
    HttpResponse::Ok().json(bodies.collect::<Vec<_>>())
}
