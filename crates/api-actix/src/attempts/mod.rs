//! What is counted of attempts at accounts, for admins.

mod forget_attempts;
mod list_attempts;

use actix_web::web::{Data, ServiceConfig, delete, get, resource};
use application::attempts::CountedAttempts;
use domain::one_time_tokens::Purpose;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::http::{Feature, Time};

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.attempts.clone())),
    routes,
    openapi: Document::openapi,
    errors: &[],
    #[cfg(test)]
    bodies: || vec![],
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/users/{id}/attempts")
            .route(get().to(list_attempts::list_attempts))
            .route(delete().to(forget_attempts::forget_attempts)),
    );
}

#[derive(OpenApi)]
#[openapi(paths(list_attempts::list_attempts, forget_attempts::forget_attempts))]
struct Document;

/// What is counted of an account, from one network or from everywhere.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempts)]
pub(crate) struct AttemptsBody {
    /// `password`: attempts at it, to sign in or as the current one. `mailed_code`: attempts at the codes of mails.
    /// `mail`: mails that were sent.
    #[schema(example = "password")]
    kind: &'static str,
    /// What the mails are for.
    #[schema(required = true, example = "reset_password")]
    purpose: Option<&'static str>,
    /// From where: a /24 of IPv4 or a /64 of IPv6. `null` for all networks together that the account has no live
    /// session from.
    #[schema(required = true, example = "192.0.2.0/24")]
    network: Option<String>,
    /// How many.
    count: u32,
    /// The last one.
    last_at: Time,
    /// When the next one is taken. `null` if one need not wait.
    #[schema(required = true)]
    wait_until: Option<Time>,
}

impl From<CountedAttempts> for AttemptsBody {
    fn from(CountedAttempts { counted, wait_until }: CountedAttempts) -> Self {
        Self {
            kind: counted.attempted.kind(),
            purpose: counted.attempted.purpose().map(Purpose::as_str),
            network: counted.network.map(|network| network.to_string()),
            count: counted.count.count,
            last_at: Time(counted.count.last_at),
            wait_until: wait_until.map(Time),
        }
    }
}
