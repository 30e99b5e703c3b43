//! The OpenAPI 3.1 document, made of the features' parts.

use domain::passwords::PasswordPolicy;
use domain::registration::RegistrationMode;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityScheme};
use utoipa::openapi::{OpenApi, Required, Server};
use utoipa::{IntoResponses, OpenApi as _};

use crate::features;
use crate::http::responses::Any;
use crate::http::{FieldError, Problem};
use crate::oauth2::TOKEN_PATH;
use crate::users::{NEW_PASSWORD, new_password};

/// What does not belong to one feature.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Hexauth",
        description = "Sign-in and users. Every error is an `application/problem+json` document (RFC 9457) with a \
            stable `code`; at OAuth's endpoints it is `application/json` and has `error` besides (RFC 6749). Every \
            answer has an `X-Request-Id`. Each path under `/api/v1` is served with and without a slash at its end."
    ),
    components(schemas(Problem, FieldError))
)]
struct Document;

/// The document as JSON, with the defaults of settings.
pub fn json() -> String {
    json_of(&PasswordPolicy::default(), RegistrationMode::default(), "")
}

/// The document of a node with this policy and mode, for clients who have this path before each of ours.
pub(crate) fn json_of(policy: &PasswordPolicy, registration: RegistrationMode, public_path: &str) -> String {
    let parts = features::all().map(|feature| (feature.openapi)());
    let mut document = parts.fold(Document::openapi(), OpenApi::merge_from);
    if let Some(components) = &mut document.components {
        components.schemas.insert(NEW_PASSWORD.to_owned(), new_password(policy));
    }
    if !registration.needs_proof() {
        forget_pending_accounts(&mut document);
    }
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        operation.parameters.get_or_insert_default().push(request_id().into());
        for (status, response) in Any::responses() {
            operation.responses.responses.entry(status).or_insert(response);
        }
    }
    add_security_schemes(&mut document, public_path);
    if !public_path.is_empty() {
        document.servers = Some(vec![Server::new(public_path)]);
    }
    // Made of plain maps and text: serialising it does not fail.
    document.to_pretty_json().unwrap_or_default()
}

/// Where accounts are made at once, no generated client should have to ask whether there is one.
fn forget_pending_accounts(document: &mut OpenApi) {
    let users = document.paths.paths.get_mut("/api/v1/users");
    if let Some(create) = users.and_then(|users| users.post.as_mut()) {
        create.responses.responses.remove("202");
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// Any request may have one. (It is described for the sake of openapi-python-client 0.29 besides: what that generates
/// for an operation whose body has two media types does not run unless the operation has an optional parameter.)
fn request_id() -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    ParameterBuilder::new()
        .name("X-Request-Id")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Names the request in the response and in the logs: 1 to 64 letters, digits, '-', '_' and '.'. In place of any \
             other text, the server takes a name of its own.",
        ))
        .schema(Some(text))
        .build()
}

fn add_security_schemes(document: &mut OpenApi, public_path: &str) {
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    // What Swagger UI's Authorize button signs in with. It takes a path as it stands, whatever the server is.
    let password = Password::new(format!("{public_path}{TOKEN_PATH}"), Scopes::new());
    let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).build();
    components.add_security_scheme("client", SecurityScheme::Http(basic));
    components.add_security_scheme("password", SecurityScheme::OAuth2(OAuth2::new([Flow::Password(password)])));
}
