//! The OpenAPI 3.1 document, made from the routes' own declarations.

use utoipa::openapi::security::{Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityScheme};
use utoipa::openapi::{RefOr, Required};
use utoipa::{Modify, OpenApi};

use crate::problem::{FieldError, Problem};
use crate::routes::{auth, health, tasks, users, well_known};

/// The whole document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hexauth",
        description = "Sign-in and users. Every error is an `application/problem+json` document (RFC 9457) with a \
            stable `code`; every answer has an `X-Request-Id`. Each path under \
            `/api/v1` is served with and without a slash at its end."
    ),
    paths(
        auth::login::login,
        auth::refresh::refresh,
        auth::logout::logout,
        auth::logout_all::logout_all,
        auth::logout_others::logout_others,
        auth::verify::verify,
        auth::introspect::introspect,
        auth::revoke::revoke,
        auth::list_sessions::list_sessions,
        auth::end_session::end_session,
        users::create_user::create_user,
        users::list_users::list_users,
        users::get_me::get_me,
        users::update_me::update_me,
        users::delete_me::delete_me,
        users::change_password::change_password,
        users::get_user::get_user,
        users::update_user::update_user,
        users::delete_user::delete_user,
        users::set_password::set_password,
        users::list_sessions::list_user_sessions,
        users::end_session::end_user_session,
        users::end_sessions::end_user_sessions,
        tasks::create_task::create_task,
        tasks::list_tasks::list_tasks,
        tasks::get_task::get_task,
        tasks::update_task::update_task,
        tasks::delete_task::delete_task,
        well_known::jwks,
        well_known::metadata,
        health::live,
        health::ready,
    ),
    components(schemas(Problem, FieldError, users::RoleBody)),
    tags(
        (name = "auth", description = "Sign in, refresh, sign out, sessions."),
        (name = "users", description = "Accounts: one's own, and everybody's for admins."),
        (name = "tasks", description = "One's own tasks: an example of a resource."),
        (name = "keys", description = "For services that check access tokens by themselves."),
        (name = "health", description = "For load balancers and orchestrators."),
    ),
    modifiers(&SecuritySchemes, &PutIsPatch, &SomeBodiesAreOptional)
)]
struct Document;

/// The document as JSON.
pub fn json() -> String {
    // Made of plain maps and text: serialising it does not fail.
    Document::openapi().to_pretty_json().unwrap_or_default()
}

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let Some(components) = &mut document.components else { return };
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        // What Swagger UI's Authorize button signs in with.
        let password = Password::new("/api/v1/auth/login", Scopes::new());
        let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).build();
        components.add_security_scheme("client", SecurityScheme::Http(basic));
        components.add_security_scheme("password", SecurityScheme::OAuth2(OAuth2::new([Flow::Password(password)])));
    }
}

/// Where there is a PATCH of a user there is a PUT that does the same.
struct PutIsPatch;

impl Modify for PutIsPatch {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let paths = document.paths.paths.iter_mut();
        for (_, path) in paths.filter(|(path, _)| path.starts_with("/api/v1/users")) {
            let Some(patch) = &path.patch else { continue };
            let mut put = patch.clone();
            put.operation_id = put.operation_id.map(|id| id.replace("update", "put"));
            put.summary = put.summary.map(|summary| format!("{summary} (as PATCH)"));
            path.put = Some(put);
        }
    }
}

/// The routes' own declarations cannot say so.
struct SomeBodiesAreOptional;

impl Modify for SomeBodiesAreOptional {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let operation = match path.as_str() {
                "/api/v1/auth/logout" => item.post.as_mut(),
                "/api/v1/users/{id}" => item.delete.as_mut(),
                _ => None,
            };
            if let Some(RefOr::T(body)) = operation.and_then(|operation| operation.request_body.as_mut()) {
                body.required = Some(Required::False);
            }
        }
    }
}
