//! The list of features.

use actix_web::middleware::NormalizePath;
use actix_web::web::{self, ServiceConfig};

use application::Application;

use crate::http::{AppData, Feature};

/// Those under `/api/v1`.
const API: &[Feature] = &[
    // The document has them in this order.
    crate::auth::FEATURE,
    crate::clients::FEATURE,
    crate::sessions::FEATURE,
    // Before those of users, whose `{id}` fits `me`.
    crate::exports::FEATURE,
    crate::factors::FEATURE,
    crate::users::FEATURE,
    crate::emails::FEATURE,
    crate::attempts::FEATURE,
    crate::tasks::FEATURE,
    crate::outbox::FEATURE,
];

/// Those whose paths are the same in every version of the API.
const OUTSIDE: &[Feature] =
    &[crate::oauth2::FEATURE, crate::well_known::FEATURE, crate::pages::FEATURE, crate::health::FEATURE];

/// All features.
pub(crate) fn all() -> impl Iterator<Item = &'static Feature> {
    API.iter().chain(OUTSIDE)
}

/// What their handlers take from the application.
pub(crate) fn data(application: &Application) -> AppData {
    all().fold(AppData::default(), |data, feature| (feature.data)(application, data))
}

/// Mounts their routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    // Each path is served with and without a slash at its end.
    let mut api = web::scope("/api/v1").wrap(NormalizePath::trim());
    for feature in API {
        api = api.configure(feature.routes);
    }
    config.service(api);
    for feature in OUTSIDE {
        config.configure(feature.routes);
    }
}
