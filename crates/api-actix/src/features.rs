//! The list of features.

use actix_web::middleware::NormalizePath;
use actix_web::web::{self, ServiceConfig};

use crate::http::Feature;
use crate::{auth, clients, health, sessions, tasks, users, well_known};

/// Those under `/api/v1`, in the order in which the document has them.
const API: &[Feature] = &[auth::FEATURE, clients::FEATURE, sessions::FEATURE, users::FEATURE, tasks::FEATURE];

/// Those whose paths are the same in every version of the API.
const OUTSIDE: &[Feature] = &[well_known::FEATURE, health::FEATURE];

/// All features.
pub(crate) fn all() -> impl Iterator<Item = &'static Feature> {
    API.iter().chain(OUTSIDE)
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
