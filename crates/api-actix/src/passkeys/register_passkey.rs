use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use application::passkeys::{Passkeys, RegisterPasskey};
use domain::factors::FactorName;
use domain::passkeys::CeremonyId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::PasskeyBody;
use crate::auth::NewCredentialBody;
use crate::fields::Required;
use crate::http::fields::Open;
use crate::http::responses::{Body, Conflict, Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, JsonBody};

crate::fields! {
    /// A passkey to register.
    pub(crate) RegisterPasskeyBody as "RegisterPasskey" -> RegisterPasskey {
        /// As it came with the options.
        ceremony: Required<Uuid>,
        /// What you call it, to tell it from your others.
        name: Required<FactorName>,
        /// What the browser returned.
        credential: Required<Open<NewCredentialBody>>,
    }
    build RegisterPasskey { ceremony: CeremonyId::new(ceremony), name, response: credential }
}

/// A passkey that was registered.
#[derive(Serialize, ToSchema)]
#[schema(as = RegisteredPasskey)]
pub(crate) struct RegisteredPasskeyBody {
    #[serde(flatten)]
    passkey: PasskeyBody,
    /// With the first factor, shown once: each is good once. Empty otherwise.
    #[schema(example = json!(["23456-789AB", "CDEFG-HJKLM"]))]
    recovery_codes: Vec<String>,
}

/// Register a passkey.
///
/// It signs in alone, if its device verifies who uses it, and is a second factor besides a password. All access tokens
/// become void, so refresh next; the user's other sessions end. With the first factor come recovery codes, shown once.
/// Needs a recent proof of who one is: otherwise 403 `step_up_required`.
#[utoipa::path(post, path = "/api/v1/users/me/passkeys", tag = "passkeys", request_body = RegisterPasskeyBody,
    responses(
        (status = 201, description = "It is a way in.", body = RegisteredPasskeyBody,
            headers(("Location" = String, description = "Where the passkey is."))),
        Body, Unauthorized, Forbidden, NotFound, Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn register_passkey(
    passkeys: web::Data<Passkeys>,
    Guarded { actor, input: JsonBody(register) }: Guarded<JsonBody<RegisterPasskeyBody>>,
) -> Result<HttpResponse, ApiError> {
    let registered = passkeys.register(&actor, register).await?;
    let location = format!("/api/v1/users/me/passkeys/{}", registered.passkey.id);
    let recovery_codes = registered.recovery_codes.iter().map(|code| code.expose().to_owned()).collect();
    let body = RegisteredPasskeyBody { passkey: PasskeyBody::from(&registered.passkey), recovery_codes };
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(body))
}
