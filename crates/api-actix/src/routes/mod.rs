//! The routes: one file each, with its body, its documentation and its handler. This file is the table.

pub(crate) mod auth;
pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod paging;
pub(crate) mod tasks;
pub(crate) mod time;
pub(crate) mod users;
pub(crate) mod well_known;

use actix_web::middleware::NormalizePath;
use actix_web::web::{self, ServiceConfig, delete, get, patch, post, put, resource};

use crate::error::ApiError;
use crate::rate_limit::{Limited, limit};

/// Mounts the API under `/api/v1` and the health checks. Needs [`AppState`](crate::state::AppState) as app data.
pub(crate) fn configure(config: &mut ServiceConfig) {
    let auth = web::scope("/auth")
        .service(resource("/login").route(limit(Limited::Login, post().to(auth::login::login))))
        .service(resource("/refresh").route(limit(Limited::Refresh, post().to(auth::refresh::refresh))))
        .service(resource("/logout").route(limit(Limited::Logout, post().to(auth::logout::logout))))
        .service(resource("/logout-all").route(limit(Limited::Logout, post().to(auth::logout_all::logout_all))))
        .service(
            resource("/logout-others").route(limit(Limited::Logout, post().to(auth::logout_others::logout_others))),
        )
        .service(resource("/verify").route(get().to(auth::verify::verify)))
        .service(resource("/introspect").route(post().to(auth::introspect::introspect)))
        .service(resource("/revoke").route(post().to(auth::revoke::revoke)))
        .service(resource("/sessions").route(get().to(auth::list_sessions::list_sessions)))
        .service(resource("/sessions/{id}").route(delete().to(auth::end_session::end_session)));
    let users = web::scope("/users")
        .service(
            resource("")
                .route(get().to(users::list_users::list_users))
                .route(limit(Limited::Registration, post().to(users::create_user::create_user))),
        )
        .service(
            resource("/me")
                .route(get().to(users::get_me::get_me))
                .route(patch().to(users::update_me::update_me))
                .route(put().to(users::update_me::update_me))
                .route(delete().to(users::delete_me::delete_me)),
        )
        .service(resource("/me/password").route(put().to(users::change_password::change_password)))
        .service(
            resource("/{id}")
                .route(get().to(users::get_user::get_user))
                .route(patch().to(users::update_user::update_user))
                .route(put().to(users::update_user::update_user))
                .route(delete().to(users::delete_user::delete_user)),
        )
        .service(resource("/{id}/password").route(put().to(users::set_password::set_password)))
        .service(
            resource("/{id}/sessions")
                .route(get().to(users::list_sessions::list_user_sessions))
                .route(delete().to(users::end_sessions::end_user_sessions)),
        )
        .service(resource("/{id}/sessions/{session}").route(delete().to(users::end_session::end_user_session)));
    let tasks = web::scope("/tasks")
        .service(
            resource("")
                .route(get().to(tasks::list_tasks::list_tasks))
                .route(post().to(tasks::create_task::create_task)),
        )
        .service(
            resource("/{id}")
                .route(get().to(tasks::get_task::get_task))
                .route(patch().to(tasks::update_task::update_task))
                .route(delete().to(tasks::delete_task::delete_task)),
        );
    config
        // Each path is served with and without a slash at its end.
        .service(web::scope("/api/v1").wrap(NormalizePath::trim()).service(auth).service(users).service(tasks))
        .service(resource("/.well-known/jwks.json").route(get().to(well_known::jwks)))
        .service(resource("/.well-known/oauth-authorization-server").route(get().to(well_known::metadata)))
        .service(resource(["/health/live", "/health/live/"]).route(get().to(health::live)))
        .service(resource(["/health/ready", "/health/ready/"]).route(get().to(health::ready)));
}

/// Mounts `/openapi.json` and `/docs`.
pub(crate) fn configure_docs(config: &mut ServiceConfig) {
    config
        .service(resource("/openapi.json").route(get().to(docs::openapi)))
        .service(resource("/docs").route(get().to(docs::index)))
        .service(resource("/docs/{file:.*}").route(get().to(docs::file)));
}

/// Answers every path that is not in the table.
pub(crate) async fn not_found() -> Result<(), ApiError> {
    Err(ApiError::NotFound)
}
