//! Signing in by identity providers, and the accounts there that a user has linked.

mod browser;
mod callback;
mod exchange;
mod finish_linking;
mod list_identities;
mod list_providers;
mod path;
mod start;
mod start_linking;
mod unlink;

use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig, delete, get, post, resource};
use application::providers::{RedeemCode, StartFlow};
use domain::identities::Identity;
use domain::providers::{CodeChallenge, CodeVerifier};
use domain::{Secret, ValidationError};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::fields::{Optional, Required, TextShape, TextValue};
#[cfg(test)]
use crate::http::fields::checked::checked;
use crate::http::{ErrorRow, Feature, Limited, Time, limit};

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.providers.clone())),
    routes,
    openapi: Document::openapi,
    errors: ERRORS,
    #[cfg(test)]
    bodies: || vec![checked::<RedeemCodeBody>(), checked::<StartFlowBody>(), checked::<callback::CallbackForm>()],
};

fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/auth/providers").route(get().to(list_providers::list_providers)))
        .service(resource("/auth/providers/exchange").route(limit(Limited::SignInSteps, post().to(exchange::exchange))))
        .service(
            resource("/auth/providers/{provider}/start").route(limit(Limited::SignInSteps, get().to(start::start))),
        )
        .service(
            resource("/auth/providers/{provider}/callback")
                .route(get().to(callback::callback))
                .route(post().to(callback::callback_by_form)),
        )
        .service(
            resource("/users/me/identities")
                .route(get().to(list_identities::list_identities))
                .route(post().to(finish_linking::finish_linking)),
        )
        .service(resource("/users/me/identities/{id}").route(delete().to(unlink::unlink)))
        .service(
            resource("/users/me/identities/{provider}/start")
                .route(limit(Limited::SignInSteps, post().to(start_linking::start_linking))),
        );
}

#[derive(OpenApi)]
#[openapi(
    paths(
        list_providers::list_providers,
        start::start,
        callback::callback,
        callback::callback_by_form,
        exchange::exchange,
        list_identities::list_identities,
        start_linking::start_linking,
        finish_linking::finish_linking,
        unlink::unlink,
    ),
    tags((name = "providers", description = "Signing in by identity providers, and linking accounts there."))
)]
struct Document;

const ERRORS: &[ErrorRow] = &[
    ErrorRow::new(StatusCode::NOT_FOUND, "unknown_provider", "There is no such provider."),
    ErrorRow::new(StatusCode::SERVICE_UNAVAILABLE, "provider_unavailable", "The provider is not available. Try again."),
    ErrorRow::new(
        StatusCode::BAD_REQUEST,
        "invalid_provider_response",
        "The response of the provider is not valid: it was used, has expired, or is of another browser. Begin again.",
    ),
    ErrorRow::new(
        StatusCode::FORBIDDEN,
        "email_missing",
        "The provider tells no address, and an account has one. Register, and then link it.",
    ),
    ErrorRow::new(
        StatusCode::CONFLICT,
        "link_required",
        "An account has the address already. Sign in to it, and then link the provider.",
    ),
];

/// Longest code that is looked at, in bytes.
const MAX_CODE_BYTES: usize = 128;
/// Longest place to return to that is looked at, in bytes.
const MAX_RETURN_TO_BYTES: usize = 500;

crate::fields! {
    /// What a flow ends with.
    pub(crate) RedeemCodeBody as "RedeemCode" -> RedeemCode {
        /// What `return_to` got.
        code: Required<Code>,
        /// What the `code_challenge` is of that the flow began with, and only then.
        code_verifier: Optional<CodeVerifier>,
    }
    example {"code": "hxo_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
    build RedeemCode { code: code.0, verifier: code_verifier }
}

crate::fields! {
    /// What a flow begins with.
    pub(crate) StartFlowBody as "StartFlow" -> StartFlow {
        /// Where the browser is sent in the end: exactly one of `APP_AUTH__RETURN_TO`.
        return_to: Required<ReturnTo>,
        /// The SHA-256 of a `code_verifier` of your own in base64url (RFC 7636, `S256`). Whoever uses the code must
        /// then know that one.
        code_challenge: Optional<CodeChallenge>,
    }
    example {"return_to": "https://app.example.com/signed-in"}
    build StartFlow { return_to: return_to.0, code_challenge }
}

/// What an app uses a flow with.
struct Code(Secret);

impl TextValue for Code {
    const SHAPE: TextShape = TextShape::ANY.length(0, MAX_CODE_BYTES);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        match text.len() {
            0..=MAX_CODE_BYTES => Ok(Self(Secret::new(text.to_owned()))),
            _ => Err(ValidationError::new("too_long", "A code must have at most 128 bytes.")),
        }
    }
}

/// Where a flow ends.
struct ReturnTo(String);

impl TextValue for ReturnTo {
    const SHAPE: TextShape = TextShape::ANY.length(1, MAX_RETURN_TO_BYTES).format("uri");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        match text.len() {
            1..=MAX_RETURN_TO_BYTES => Ok(Self(text.to_owned())),
            _ => Err(ValidationError::new("invalid_return_to", "It must be one of the places that are configured.")),
        }
    }
}

impl TextValue for CodeVerifier {
    const SHAPE: TextShape = TextShape::ANY.length(43, 128).pattern("^[A-Za-z0-9._~-]+$");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

impl TextValue for CodeChallenge {
    const SHAPE: TextShape = TextShape::ANY.length(43, 43).pattern("^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

/// An account at a provider that is linked.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityBody {
    id: Uuid,
    #[schema(example = "google")]
    provider: String,
    /// The address that the provider told when it was linked.
    #[schema(required = true, example = "ada@example.com")]
    email: Option<String>,
    created_at: Time,
}

impl From<Identity> for IdentityBody {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.id.as_uuid(),
            provider: identity.provider.as_str().to_owned(),
            email: identity.email.map(|email| email.as_str().to_owned()),
            created_at: Time(identity.created_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use application::providers::NoCode;

    use super::*;

    #[test]
    fn the_document_has_each_word_that_a_browser_lands_with() {
        let paths = Document::openapi().paths.paths;
        let start = paths["/api/v1/auth/providers/{provider}/start"].get.as_ref().unwrap();
        for word in NoCode::ALL.map(NoCode::as_str) {
            assert!(start.description.as_ref().unwrap().contains(&format!("`{word}`")), "{word}");
        }
    }
}
