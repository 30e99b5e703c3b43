use chrono::TimeDelta;
use domain::access_tokens::{InvalidAccessToken, VerifyError};
use domain::factors::{FactorKind, SecondFactorChallenge};
use domain::passwords::{HashError, RefusedPassword};
use domain::users::UserId;
use domain::{Source, StoreError, ValidationError};
use thiserror::Error;

/// Why a use case did not do what it was asked. Nothing was changed, except where a variant says so.
#[derive(Debug, Error)]
pub enum ApplicationError {
    /// No such user, or not their password. It is not said which.
    #[error("the name or the password is wrong")]
    InvalidCredentials,
    /// The password was right, but the account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// Somebody has proven who they are, but not that the address of the account is theirs, which it needs to have
    /// sessions.
    #[error("the address of the account is not proven")]
    EmailNotVerified,
    /// Nobody signs in by mail here.
    #[error("signing in by mail is off")]
    EmailSignInOff,
    /// What was shown is right, and is not enough: the account has a second factor.
    #[error("a second factor is required")]
    SecondFactorRequired(SecondFactorChallenge),
    /// The second factor is wrong, was used before, or the account has none.
    #[error("the second factor is not valid")]
    InvalidSecondFactor,
    /// What an actor showed of themselves in their session is wrong: a code, or a passkey. The session goes on.
    #[error("what was shown is wrong")]
    WrongProof,
    /// A code by mail would prove nothing more of whoever holds this challenge.
    #[error("no code by mail is offered")]
    EmailCodeNotOffered,
    /// Codes of the user's authenticator apps are not looked at any more, after too many wrong ones in a row. Another
    /// factor makes them good again.
    #[error("there were too many wrong codes of authenticator apps in a row")]
    TotpUsedUp,
    /// The act needs a proof of who the actor is that is recent, and by the strongest factor that they have.
    #[error("the actor must prove again who they are")]
    StepUpRequired {
        /// By what they can. By nothing where they have neither a password nor a second factor: they sign in again.
        factors: Vec<FactorKind>,
    },
    /// There are no passkeys here.
    #[error("passkeys are off")]
    PasskeysOff,
    /// The account has no passkey that could be asked for.
    #[error("the account has no passkey")]
    NoPasskey,
    /// The challenge that a passkey responds to was taken before, has expired, or is for something else.
    #[error("the ceremony is not valid")]
    InvalidCeremony,
    /// The passkey is not known, not this account's, or did not prove what it had to. It is not said which.
    #[error("the passkey is not valid")]
    InvalidPasskey {
        /// Whose it is, if its signature was right and there may be a copy of it.
        suspected: Option<UserId>,
    },
    /// Nobody could sign in to the account any more.
    #[error("the last way in cannot be removed")]
    LastWayIn,
    /// It would leave a user without a second factor who must have one.
    #[error("the last second factor cannot be removed")]
    LastFactor,
    /// The user has as many of these as anyone may have.
    #[error("there are too many of these")]
    TooManyFactors,
    /// The access token is missing, not valid, or its session has ended. Sign in or refresh.
    #[error("the access token is not valid")]
    InvalidAccessToken,
    /// The refresh token is not valid, or its session has ended. Sign in. If it was an old one, its session has been
    /// revoked.
    #[error("the refresh token is not valid")]
    InvalidRefreshToken,
    /// The actor may not do this.
    #[error("this is not allowed")]
    Forbidden,
    /// Only admins create accounts here.
    #[error("registration is closed")]
    RegistrationClosed,
    /// The current password that came with a change is wrong.
    #[error("the current password is wrong")]
    WrongCurrentPassword,
    /// A password came with a change, and the account has none.
    #[error("the account has no password")]
    NoPassword,
    /// The change needs the current password, and none came with it.
    #[error("the current password is required")]
    CurrentPasswordRequired,
    /// A user's own address changes by [`Emails::request_change`](crate::emails::Emails::request_change) only.
    #[error("the address is changed in another way")]
    UseEmailChange,
    /// The policy refuses the new password.
    #[error("the password is not accepted: {refused}")]
    RefusedPassword {
        /// The member of the request that has it.
        field: &'static str,
        /// Why, and what would be better.
        refused: RefusedPassword,
    },
    /// The new password is the current one.
    #[error("the new password equals the current one")]
    UnchangedPassword,
    /// The token or the code of a mail is not good: it was used, has expired, is another's, or was never sent.
    #[error("the token or the code is not valid")]
    InvalidOneTimeToken,
    /// The challenge of a sign-in is not good: it was used, has expired, or the account has changed since.
    #[error("the challenge is not valid")]
    InvalidChallenge,
    /// The code that a flow through an identity provider ended with is not good: it was used, has expired, or is
    /// another's.
    #[error("the code of a provider is not valid")]
    InvalidProviderCode,
    /// This service sends no mail.
    #[error("this service sends no mail")]
    MailIsOff,
    /// There is no identity provider of this name.
    #[error("there is no such provider")]
    UnknownProvider,
    /// The identity provider cannot be used now. Try again.
    #[error("the provider is not available")]
    ProviderUnavailable {
        /// Where the flow was to end, which is a place that browsers may be sent to.
        return_to: String,
    },
    /// What a browser brought from an identity provider is not good: it was used, has expired, or is another browser's.
    #[error("the response of the provider is not valid")]
    InvalidProviderResponse,
    /// What a browser brought from an identity provider by a form is longer than what can be carried on.
    #[error("the response of the provider is too long")]
    ProviderResponseTooLong,
    /// No sign-in by a provider ends there.
    #[error("nobody is sent there")]
    ReturnToNotAllowed,
    /// The provider tells no address, and an account has one.
    #[error("the provider tells no address")]
    EmailMissing,
    /// Somebody else's account has the address, or may have, or it is one with a second factor. Its owner signs in to
    /// it and links the provider's.
    #[error("an account has the address, and is not linked")]
    LinkRequired,
    /// These members cannot be changed, and are not what is stored.
    #[error("{0:?} cannot be changed")]
    ReadOnly(Vec<&'static str>),
    /// There is no such thing, or not for this actor.
    #[error("not found")]
    NotFound,
    /// The client that asks is not known, or its secret is wrong.
    #[error("the client is not known or its secret is wrong")]
    InvalidClient,
    /// The signing keys were sealed with another root secret. Start with the old one, or replace the keys.
    #[error("the signing keys in the database were sealed with another root secret")]
    ForeignKeys,
    /// Somebody else has the value of this field.
    #[error("another user has this {0}")]
    Duplicate(&'static str),
    /// It would leave the service without an active admin.
    #[error("the last active admin cannot be removed")]
    LastAdmin,
    /// The cursor was not made for this list, order and filter.
    #[error("the cursor is not valid")]
    InvalidCursor(ValidationError),
    /// There were too many attempts at this account, whether or not they were right, and whether or not there is one.
    #[error("too many attempts")]
    TooManyAttempts {
        /// How long to wait.
        retry_after: TimeDelta,
    },
    /// Too many passwords wait to be hashed. Try again in a second.
    #[error("too busy")]
    Overloaded,
    /// The database cannot be used now. Try again.
    #[error("the database is not available")]
    Unavailable(#[source] Source),
    /// A fault of ours. Trying again does not help.
    #[error("internal error")]
    Internal(#[source] Source),
}

impl ApplicationError {
    /// A stable word for machines. It is `internal_error` for what only operators have to know.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidCredentials => "invalid_credentials",
            Self::AccountDisabled => "account_disabled",
            Self::EmailNotVerified => "email_not_verified",
            Self::EmailSignInOff => "email_sign_in_off",
            Self::SecondFactorRequired(_) => "second_factor_required",
            Self::InvalidSecondFactor => "invalid_second_factor",
            Self::WrongProof => "wrong_proof",
            Self::EmailCodeNotOffered => "email_code_not_offered",
            Self::TotpUsedUp => "totp_used_up",
            Self::StepUpRequired { .. } => "step_up_required",
            Self::PasskeysOff => "passkeys_off",
            Self::NoPasskey => "no_passkey",
            Self::InvalidCeremony => "invalid_ceremony",
            Self::InvalidPasskey { .. } => "invalid_passkey",
            Self::LastWayIn => "last_way_in",
            Self::LastFactor => "last_factor",
            Self::TooManyFactors => "too_many_factors",
            Self::InvalidAccessToken => "invalid_token",
            Self::InvalidRefreshToken => "invalid_refresh_token",
            Self::Forbidden => "forbidden",
            Self::RegistrationClosed => "registration_closed",
            Self::WrongCurrentPassword => "wrong_current_password",
            Self::NoPassword => "no_password",
            Self::UseEmailChange => "use_email_change",
            Self::CurrentPasswordRequired
            | Self::RefusedPassword { .. }
            | Self::UnchangedPassword
            | Self::ReadOnly(_)
            | Self::ReturnToNotAllowed
            | Self::InvalidCursor(_) => "validation_failed",
            Self::InvalidOneTimeToken | Self::InvalidChallenge | Self::InvalidProviderCode => "invalid_one_time_token",
            Self::UnknownProvider => "unknown_provider",
            Self::ProviderUnavailable { .. } => "provider_unavailable",
            Self::InvalidProviderResponse | Self::ProviderResponseTooLong => "invalid_provider_response",
            Self::EmailMissing => "email_missing",
            Self::LinkRequired => "link_required",
            Self::MailIsOff => "mail_is_off",
            Self::NotFound => "not_found",
            Self::InvalidClient => "invalid_client",
            Self::Duplicate(_) => "duplicate",
            Self::LastAdmin => "last_admin",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::Overloaded => "overloaded",
            Self::Unavailable(_) => "unavailable",
            Self::ForeignKeys | Self::Internal(_) => "internal_error",
        }
    }
}

impl ApplicationError {
    /// The refusal of a second factor, for somebody who is signed in: it is no reason to sign in again.
    pub(crate) fn in_session(self) -> Self {
        match self {
            Self::InvalidSecondFactor | Self::InvalidPasskey { .. } => Self::WrongProof,
            refusal => refusal,
        }
    }
}

impl From<StoreError> for ApplicationError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate(field) => Self::Duplicate(field),
            StoreError::NotFound => Self::NotFound,
            StoreError::Unavailable(source) => Self::Unavailable(source),
            StoreError::Internal(source) => Self::Internal(source),
        }
    }
}

impl From<HashError> for ApplicationError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Overloaded => Self::Overloaded,
            HashError::Unusable(_) => Self::Internal(error.into()),
        }
    }
}

impl From<VerifyError> for ApplicationError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Invalid(InvalidAccessToken) => Self::InvalidAccessToken,
            VerifyError::Repository(error) => error.into(),
        }
    }
}
