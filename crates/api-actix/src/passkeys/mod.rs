//! Passkeys of a user, and signing in with one.

mod finish_sign_in;
mod list_passkeys;
mod register_passkey;
mod remove_passkey;
mod rename_passkey;
mod sign_in;
mod start_challenge;
mod start_registration;
mod start_sign_in;
mod start_step_up;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig, delete, get, patch, post, resource};
use application::passkeys::Asked;
use domain::passkeys::Passkey;
use serde::Serialize;
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

#[cfg(test)]
use crate::http::fields::checked::checked;
use crate::http::{ApiError, ErrorRow, Feature, Limited, Time, limit};

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.passkeys.clone())),
    routes,
    openapi: Document::openapi,
    errors: ERRORS,
    #[cfg(test)]
    bodies: || {
        vec![
            checked::<register_passkey::RegisterPasskeyBody>(),
            checked::<rename_passkey::RenamePasskeyBody>(),
            checked::<start_sign_in::StartPasskeySignInBody>(),
            checked::<crate::auth::PresentedPasskeyBody>(),
            checked::<start_challenge::StartPasskeyChallengeBody>(),
            checked::<finish_sign_in::PasskeyChallengeBody>(),
        ]
    },
};

fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/users/me/passkeys/options")
                .route(limit(Limited::SignInSteps, post().to(start_registration::start_passkey_registration))),
        )
        .service(
            resource("/users/me/passkeys")
                .route(get().to(list_passkeys::list_passkeys))
                .route(post().to(register_passkey::register_passkey)),
        )
        .service(
            resource("/users/me/passkeys/{id}")
                .route(patch().to(rename_passkey::rename_passkey))
                .route(delete().to(remove_passkey::remove_passkey)),
        )
        .service(
            resource("/auth/passkeys/options")
                .route(limit(Limited::SignInSteps, post().to(start_sign_in::start_passkey_sign_in))),
        )
        .service(
            resource("/auth/passkeys").route(limit(Limited::SignInSteps, post().to(sign_in::sign_in_with_passkey))),
        )
        .service(
            resource("/auth/challenge/passkey/options")
                .route(limit(Limited::SignInSteps, post().to(start_challenge::start_passkey_challenge))),
        )
        .service(
            resource("/auth/challenge/passkey")
                .route(limit(Limited::SignInSteps, post().to(finish_sign_in::by_passkey))),
        )
        .service(
            resource("/auth/step-up/passkey/options")
                .route(limit(Limited::SignInSteps, post().to(start_step_up::start_passkey_step_up))),
        );
}

#[derive(OpenApi)]
#[openapi(
    paths(
        start_registration::start_passkey_registration,
        register_passkey::register_passkey,
        list_passkeys::list_passkeys,
        rename_passkey::rename_passkey,
        remove_passkey::remove_passkey,
        start_sign_in::start_passkey_sign_in,
        sign_in::sign_in_with_passkey,
        start_challenge::start_passkey_challenge,
        finish_sign_in::by_passkey,
        start_step_up::start_passkey_step_up,
    ),
    tags((name = "passkeys", description = "Passkeys (Web Authentication Level 3)."))
)]
struct Document;

const ERRORS: &[ErrorRow] = &[
    ErrorRow::new(
        StatusCode::NOT_FOUND,
        "passkeys_off",
        "Passkeys are off on this server. Use another way to sign in.",
    ),
    ErrorRow::new(StatusCode::NOT_FOUND, "no_passkey", "The account has no passkey. Use another factor."),
    ErrorRow::new(
        StatusCode::BAD_REQUEST,
        "invalid_ceremony",
        "The challenge has expired, was used before, or is for something else. Ask for other options.",
    ),
    ErrorRow::new(StatusCode::UNAUTHORIZED, "invalid_passkey", "The passkey is not valid here."),
    ErrorRow::new(
        StatusCode::CONFLICT,
        "last_way_in",
        "Nobody could sign in to the account any more. Add a password or another passkey first.",
    ),
];

/// A passkey.
#[derive(Serialize, ToSchema)]
#[schema(as = Passkey)]
pub(crate) struct PasskeyBody {
    id: Uuid,
    #[schema(example = "Phone")]
    name: String,
    /// Whether it may be on several devices.
    is_synced: bool,
    created_at: Time,
    #[schema(value_type = Option<Time>, required = true)]
    last_used_at: Option<Time>,
}

/// What a browser is asked.
#[derive(Serialize, ToSchema)]
#[schema(as = PasskeyOptions)]
pub(crate) struct OptionsBody {
    /// Comes back with what the browser returns, once.
    ceremony: Uuid,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON()` at a registration, and `parseRequestOptionsFromJSON()`
    /// otherwise.
    #[schema(value_type = Object, example = json!({"challenge": "AAAAAAAAAAAAAAAAAAAAAA", "rpId": "example.com"}))]
    public_key: Value,
    /// They are good until then.
    expires_at: Time,
}

impl From<&Passkey> for PasskeyBody {
    fn from(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id.as_uuid(),
            name: passkey.name.as_str().to_owned(),
            is_synced: passkey.is_backup_eligible,
            created_at: Time(passkey.created_at),
            last_used_at: passkey.last_used_at.map(Time),
        }
    }
}

fn answer(asked: &Asked) -> Result<HttpResponse, ApiError> {
    let public_key = serde_json::from_str(&asked.options).map_err(|_| ApiError::Broken("options are not JSON"))?;
    let (ceremony, expires_at) = (asked.ceremony.as_uuid(), Time(asked.expires_at));
    Ok(HttpResponse::Ok().json(OptionsBody { ceremony, public_key, expires_at }))
}
