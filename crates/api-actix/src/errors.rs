//! Turns the refusal of a use case into an error of HTTP: by its code, in the table to which every feature adds its
//! rows.

use application::ApplicationError;
use domain::factors::FactorKind;
use domain::passwords::RefusedPassword;

use crate::features;
use crate::http::{ApiError, ErrorRow, Extension, FieldError, ROWS, Time};

/// The table of errors: what clients see of each code.
fn table() -> impl Iterator<Item = &'static ErrorRow> {
    ROWS.iter().chain(features::all().flat_map(|feature| feature.errors))
}

impl From<ApplicationError> for ApiError {
    fn from(error: ApplicationError) -> Self {
        use ApplicationError as E;
        let fields = match &error {
            E::InvalidAccessToken => return Self::InvalidToken,
            E::NotFound => return Self::NotFound,
            E::CurrentPasswordRequired => {
                return Self::invalid("current_password", "required", "This field is required.");
            }
            E::RefusedPassword { field, refused: RefusedPassword { fault, advice } } => {
                let error = FieldError::new(field, fault.code, fault.message.clone());
                return Self::Invalid(vec![FieldError { advice: advice.clone(), ..error }]);
            }
            E::UnchangedPassword => {
                return Self::invalid(
                    "new_password",
                    "unchanged",
                    "The new password must differ from the current one.",
                );
            }
            E::ReadOnly(members) => {
                let message = "This field cannot be changed. Send it back as it was read, or leave it out.";
                let faults = members.iter().map(|member| FieldError::new(member, "read_only", message));
                return Self::Invalid(faults.collect());
            }
            E::TooManyAttempts { retry_after } => {
                return Self::TooManyAttempts(retry_after.num_seconds().unsigned_abs() + 1);
            }
            E::ReturnToNotAllowed => {
                let message = "It must be exactly one of the places that are configured.";
                return Self::invalid("return_to", "not_allowed", message);
            }
            E::InvalidCursor(fault) => return Self::invalid("cursor", fault.code, fault.message.clone()),
            E::Duplicate("name") => vec![FieldError::new("name", "duplicate", "Another of yours has this name.")],
            E::Duplicate("credential") => {
                vec![FieldError::new("credential", "duplicate", "This passkey is registered already.")]
            }
            E::Duplicate(field) => {
                let message = format!("Another user has this {field}.");
                vec![FieldError::new(field, "duplicate", message)]
            }
            _ => Vec::new(),
        };
        let extension = extension(&error);
        let refusal = refused(fields, error);
        match extension {
            Some(extension) => refusal.extended(extension),
            None => refusal,
        }
    }
}

/// What is said in place of the sentence of the code's row, where that would mislead.
fn detail(error: &ApplicationError) -> Option<&'static str> {
    match error {
        ApplicationError::SecondFactorRequired(challenge) if challenge.factors.is_empty() => {
            Some("The account must have a second factor and has none. Sign in by another way, or ask an admin.")
        }
        ApplicationError::StepUpRequired { factors } if factors.is_empty() => Some(
            "Sign in again: the account has neither a password nor a second factor that could prove that it is you.",
        ),
        ApplicationError::InvalidChallenge => Some(
            "The challenge is not valid: it was used, has expired, or the account has changed since. Sign in again.",
        ),
        ApplicationError::InvalidProviderCode => Some(
            "The code of the provider is not valid: it was used, has expired, or is of another sign-in. Begin again.",
        ),
        ApplicationError::ProviderResponseTooLong => {
            Some("The response of the provider is too long: it must have at most 4,096 bytes.")
        }
        _ => None,
    }
}

/// What the document of this error has besides.
fn extension(error: &ApplicationError) -> Option<Extension> {
    let names = |factors: &[FactorKind]| Some(factors.iter().map(|factor| factor.as_str()).collect());
    match error {
        ApplicationError::SecondFactorRequired(challenge) => Some(Extension {
            challenge: Some(challenge.token.clone()),
            factors: names(&challenge.factors),
            expires_at: Some(Time(challenge.expires_at)),
            expires_in: Some(challenge.expires_in.num_seconds()),
        }),
        ApplicationError::StepUpRequired { factors } => {
            Some(Extension { factors: names(factors), ..Extension::default() })
        }
        _ => None,
    }
}

/// A refusal in the words of the code's row, or in its own.
fn refused(fields: Vec<FieldError>, error: ApplicationError) -> ApiError {
    let code = error.code();
    match table().find(|row| row.code == code) {
        Some(row) => {
            ApiError::refused(ErrorRow { detail: detail(&error).unwrap_or(row.detail), ..*row }, fields, error)
        }
        // A test looks for each code in the table.
        None => ApiError::Broken("an error has no row"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::TimeDelta;
    use domain::factors::SecondFactorChallenge;
    use domain::{Secret, Timestamp, ValidationError};

    use super::*;
    use crate::http::seen;

    /// Every variant, with what clients see of it.
    fn all() -> Vec<(ApplicationError, &'static str)> {
        use ApplicationError as E;
        const SOURCE: &str = "SELECT secret FROM somewhere";
        let refused = RefusedPassword::from(ValidationError::new("too_short", "It is too short."));
        let cursor = ValidationError::new("invalid_cursor", "It is not a cursor.");
        vec![
            (E::InvalidCredentials, "401 invalid_credentials"),
            (E::AccountDisabled, "403 account_disabled"),
            (E::EmailNotVerified, "403 email_not_verified"),
            (E::EmailSignInOff, "403 email_sign_in_off"),
            (E::SecondFactorRequired(challenge()), "403 second_factor_required"),
            (E::InvalidSecondFactor, "401 invalid_second_factor"),
            (E::WrongProof, "403 wrong_proof"),
            (E::EmailCodeNotOffered, "403 email_code_not_offered"),
            (E::TotpUsedUp, "403 totp_used_up"),
            (E::StepUpRequired { factors: vec![FactorKind::Totp] }, "403 step_up_required"),
            (E::TooManyFactors, "409 too_many_factors"),
            (E::PasskeysOff, "404 passkeys_off"),
            (E::NoPasskey, "404 no_passkey"),
            (E::InvalidCeremony, "400 invalid_ceremony"),
            (E::InvalidPasskey { suspected: None }, "401 invalid_passkey"),
            (E::LastWayIn, "409 last_way_in"),
            (E::LastFactor, "409 last_factor"),
            (E::InvalidAccessToken, "401 invalid_token"),
            (E::InvalidRefreshToken, "401 invalid_refresh_token"),
            (E::Forbidden, "403 forbidden"),
            (E::RegistrationClosed, "403 registration_closed"),
            (E::WrongCurrentPassword, "403 wrong_current_password"),
            (E::NoPassword, "403 no_password"),
            (E::UseEmailChange, "409 use_email_change"),
            (E::CurrentPasswordRequired, "422 validation_failed current_password:required"),
            (E::RefusedPassword { field: "new_password", refused }, "422 validation_failed new_password:too_short"),
            (E::UnchangedPassword, "422 validation_failed new_password:unchanged"),
            (E::ReadOnly(vec!["id"]), "422 validation_failed id:read_only"),
            (E::InvalidOneTimeToken, "400 invalid_one_time_token"),
            (E::InvalidChallenge, "400 invalid_one_time_token"),
            (E::InvalidProviderCode, "400 invalid_one_time_token"),
            (E::MailIsOff, "503 mail_is_off"),
            (E::UnknownProvider, "404 unknown_provider"),
            (E::ProviderUnavailable { return_to: String::new() }, "503 provider_unavailable"),
            (E::InvalidProviderResponse, "400 invalid_provider_response"),
            (E::ProviderResponseTooLong, "400 invalid_provider_response"),
            (E::ReturnToNotAllowed, "422 validation_failed return_to:not_allowed"),
            (E::EmailMissing, "403 email_missing"),
            (E::LinkRequired, "409 link_required"),
            (E::TooManyAttempts { retry_after: TimeDelta::seconds(3) }, "429 too_many_attempts"),
            (E::NotFound, "404 not_found"),
            (E::InvalidClient, "401 invalid_client"),
            (E::ForeignKeys, "500 internal_error"),
            (E::Duplicate("email"), "409 duplicate email:duplicate"),
            (E::LastAdmin, "409 last_admin"),
            (E::InvalidCursor(cursor), "422 validation_failed cursor:invalid_cursor"),
            (E::Overloaded, "503 overloaded"),
            (E::Unavailable(SOURCE.into()), "503 unavailable"),
            (E::Internal(SOURCE.into()), "500 internal_error"),
        ]
    }

    fn challenge() -> SecondFactorChallenge {
        SecondFactorChallenge {
            token: Secret::new("hxc_challenge".to_owned()),
            expires_at: Timestamp::default(),
            expires_in: TimeDelta::minutes(10),
            factors: vec![FactorKind::Totp],
        }
    }

    /// Does not compile when a variant is added: add it to `all`, too.
    fn is_in_all(error: &ApplicationError) -> bool {
        use ApplicationError as E;
        match error {
            E::EmailNotVerified | E::EmailSignInOff => true,
            E::SecondFactorRequired(_) | E::InvalidSecondFactor | E::StepUpRequired { .. } | E::TooManyFactors => true,
            E::TotpUsedUp | E::WrongProof | E::EmailCodeNotOffered | E::NoPassword | E::NoPasskey => true,
            E::PasskeysOff | E::InvalidCeremony | E::InvalidPasskey { .. } | E::LastWayIn => true,
            E::LastFactor => true,
            E::InvalidCredentials | E::AccountDisabled | E::InvalidAccessToken | E::InvalidRefreshToken => true,
            E::Forbidden | E::RegistrationClosed | E::WrongCurrentPassword | E::CurrentPasswordRequired => true,
            E::UnknownProvider | E::ProviderUnavailable { .. } | E::ReturnToNotAllowed => true,
            E::InvalidProviderResponse | E::ProviderResponseTooLong => true,
            E::InvalidChallenge | E::InvalidProviderCode => true,
            E::EmailMissing | E::LinkRequired => true,
            E::InvalidOneTimeToken | E::MailIsOff | E::TooManyAttempts { .. } => true,
            E::RefusedPassword { .. } | E::ReadOnly(_) | E::UseEmailChange => true,
            E::UnchangedPassword | E::NotFound | E::InvalidClient | E::ForeignKeys | E::Duplicate(_) => true,
            E::LastAdmin | E::InvalidCursor(_) | E::Overloaded | E::Unavailable(_) | E::Internal(_) => true,
        }
    }

    #[tokio::test]
    async fn every_refusal_of_a_use_case_has_its_row() {
        for (error, expected) in all() {
            assert!(is_in_all(&error));
            let code = error.code();
            assert!(table().any(|row| row.code == code), "{code} has no row");
            assert_eq!(seen(&ApiError::from(error)).await, expected);
        }
    }

    #[test]
    fn the_sentence_says_what_was_sent_and_what_to_do() {
        use ApplicationError as E;
        let nothing = SecondFactorChallenge { factors: Vec::new(), ..challenge() };
        for (error, said) in [
            (E::SecondFactorRequired(challenge()), "Send one of the factors"),
            (E::SecondFactorRequired(nothing), "ask an admin"),
            (E::StepUpRequired { factors: vec![FactorKind::Totp] }, "the strongest factor that you have"),
            (E::StepUpRequired { factors: Vec::new() }, "Sign in again"),
            (E::InvalidOneTimeToken, "The link or the code"),
            (E::InvalidChallenge, "The challenge is not valid"),
            (E::InvalidProviderCode, "The code of the provider is not valid"),
            (E::InvalidProviderResponse, "it was used"),
            (E::ProviderResponseTooLong, "too long"),
        ] {
            let detail = ApiError::from(error).row().detail;
            assert!(detail.contains(said), "{detail}");
        }
    }

    #[test]
    fn every_code_has_one_row_and_the_status_of_an_error() {
        let mut codes = HashSet::new();
        for row in table() {
            assert!(codes.insert(row.code), "{} has two rows", row.code);
            assert!(row.status.is_client_error() || row.status.is_server_error(), "{row:?}");
        }
    }
}
