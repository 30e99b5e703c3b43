//! Second factors of a user, which they set up and admins can take away.

mod confirm_totp;
mod list_factors;
mod list_user_factors;
mod qr_code;
mod remove_totp;
mod renew_recovery_codes;
mod reset_user_factors;
mod set_up_totp;

use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig, delete, get, post, resource};
use application::factors::FactorList;
use domain::factors::{FactorName, TotpDevice};
use domain::{Secret, ValidationError};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::fields::{TextShape, TextValue};
#[cfg(test)]
use crate::http::fields::checked::checked;
use crate::http::{ErrorRow, Feature, Time};
use crate::passkeys::PasskeyBody;

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.factors.clone())),
    routes,
    openapi: Document::openapi,
    errors: ERRORS,
    #[cfg(test)]
    bodies: || vec![checked::<set_up_totp::SetUpTotpBody>(), checked::<confirm_totp::ConfirmTotpBody>()],
};

fn routes(config: &mut ServiceConfig) {
    config
        // Before that of others, whose `{id}` fits `me`.
        .service(resource("/users/me/factors").route(get().to(list_factors::list_factors)))
        .service(resource("/users/me/factors/totp").route(post().to(set_up_totp::set_up_totp)))
        .service(resource("/users/me/factors/totp/{id}").route(delete().to(remove_totp::remove_totp)))
        .service(resource("/users/me/factors/totp/{id}/confirm").route(post().to(confirm_totp::confirm_totp)))
        .service(
            resource("/users/me/factors/recovery-codes").route(post().to(renew_recovery_codes::renew_recovery_codes)),
        )
        .service(
            resource("/users/{id}/factors")
                .route(get().to(list_user_factors::list_user_factors))
                .route(delete().to(reset_user_factors::reset_user_factors)),
        );
}

#[derive(OpenApi)]
#[openapi(
    paths(
        list_factors::list_factors,
        set_up_totp::set_up_totp,
        confirm_totp::confirm_totp,
        remove_totp::remove_totp,
        renew_recovery_codes::renew_recovery_codes,
        list_user_factors::list_user_factors,
        reset_user_factors::reset_user_factors,
    ),
    tags((name = "factors", description = "Second factors: authenticator apps and recovery codes."))
)]
struct Document;

const ERRORS: &[ErrorRow] = &[
    ErrorRow::new(StatusCode::CONFLICT, "too_many_factors", "There are as many of these as anyone may have."),
    ErrorRow::new(
        StatusCode::CONFLICT,
        "last_factor",
        "You must have a second factor. Add another before you remove this one.",
    ),
];

/// The second factors of an account.
#[derive(Serialize, ToSchema)]
#[schema(as = Factors)]
pub(crate) struct FactorsBody {
    /// Authenticator apps, the oldest first. One that is not confirmed is not a factor.
    totp: Vec<TotpBody>,
    /// Passkeys, the oldest first.
    passkeys: Vec<PasskeyBody>,
    /// How many recovery codes are left.
    #[schema(example = 10)]
    recovery_codes_left: u64,
    /// Whether the user must have one.
    required: bool,
    /// Where they must and have none: from then on a sign-in with the password asks for a mailed code besides. `null`
    /// where that time begins with the next sign-in.
    #[schema(required = true)]
    due_at: Option<Time>,
}

/// An authenticator app.
#[derive(Serialize, ToSchema)]
#[schema(as = Totp)]
pub(crate) struct TotpBody {
    id: Uuid,
    #[schema(example = "Phone")]
    name: String,
    created_at: Time,
}

/// Recovery codes, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
pub(crate) struct RecoveryCodesBody {
    /// Each is good once. They are read in upper and lower case, with and without the hyphen. Empty where there are
    /// none to show.
    #[schema(example = json!(["23456-789AB", "CDEFG-HJKLM"]))]
    recovery_codes: Vec<String>,
}

impl From<FactorList> for FactorsBody {
    fn from(list: FactorList) -> Self {
        Self {
            totp: list.totp.iter().map(TotpBody::from).collect(),
            passkeys: list.passkeys.iter().map(PasskeyBody::from).collect(),
            recovery_codes_left: list.recovery_codes,
            required: list.are_required,
            due_at: list.due_at.map(Time),
        }
    }
}

impl From<&TotpDevice> for TotpBody {
    fn from(device: &TotpDevice) -> Self {
        Self { id: device.id.as_uuid(), name: device.name.as_str().to_owned(), created_at: Time(device.created_at) }
    }
}

impl RecoveryCodesBody {
    fn of(codes: &[Secret]) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.expose().to_owned()).collect() }
    }
}

impl TextValue for FactorName {
    const SHAPE: TextShape = TextShape::line(Self::MAX_LENGTH).example("Phone");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}
