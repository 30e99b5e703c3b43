//! The sessions of a user, which they and admins can see and end.

mod device_name;
mod end_session;
mod end_user_session;
mod end_user_sessions;
mod list_sessions;
mod list_user_sessions;

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, delete, get, resource};
use application::sessions::Session;
use serde::Serialize;
use std::net::IpAddr;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::http::{Feature, Time};
use device_name::device_name;

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.sessions.clone())),
    routes,
    openapi: Document::openapi,
    errors: &[],
    #[cfg(test)]
    bodies: || vec![],
};

fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/auth/sessions").route(get().to(list_sessions::list_sessions)))
        .service(resource("/auth/sessions/{id}").route(delete().to(end_session::end_session)))
        .service(
            resource("/users/{id}/sessions")
                .route(get().to(list_user_sessions::list_user_sessions))
                .route(delete().to(end_user_sessions::end_user_sessions)),
        )
        .service(resource("/users/{id}/sessions/{session}").route(delete().to(end_user_session::end_user_session)));
}

#[derive(OpenApi)]
#[openapi(paths(
    list_sessions::list_sessions,
    end_session::end_session,
    list_user_sessions::list_user_sessions,
    end_user_session::end_user_session,
    end_user_sessions::end_user_sessions,
))]
struct Document;

/// A live session.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    id: Uuid,
    /// What signed in, for people: a browser and its system, or the first product of the `User-Agent`, or that header
    /// itself.
    #[schema(required = true, example = "Firefox on Linux")]
    device: Option<String>,
    /// The `User-Agent` of the sign-in.
    #[schema(required = true, example = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0")]
    user_agent: Option<String>,
    /// The address of the sign-in.
    #[schema(value_type = Option<String>, required = true, example = "192.0.2.7")]
    address: Option<IpAddr>,
    created_at: Time,
    /// To the minute.
    last_used_at: Time,
    /// When it ends if it is not refreshed.
    expires_at: Time,
    /// Whether it is the session of this request.
    current: bool,
}

impl From<Session> for SessionBody {
    fn from(session: Session) -> Self {
        let token = session.token;
        Self {
            id: token.id.as_uuid(),
            device: device_name(&token.device),
            user_agent: token.device.user_agent().map(str::to_owned),
            address: token.device.address(),
            created_at: Time(token.created_at),
            last_used_at: Time(token.last_used_at),
            expires_at: Time(token.idle_expires_at),
            current: session.is_current,
        }
    }
}

/// A list of sessions.
fn answer(sessions: Vec<Session>) -> HttpResponse {
    HttpResponse::Ok().json(sessions.into_iter().map(SessionBody::from).collect::<Vec<_>>())
}
