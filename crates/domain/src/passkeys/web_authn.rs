use thiserror::Error;

use super::{AssertionResponse, CeremonyState, Passkey, RegisteredCredential, RegistrationResponse, StartedCeremony};
use crate::Source;
use crate::users::User;

/// The checks of Web Authentication Level 3 (section 7) for one relying party.
///
/// Its methods compute, and wait for nothing. Everything that they are given comes from clients, and none of it MUST
/// make them panic.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait WebAuthn: Send + Sync {
    /// Begins the registration of a passkey that can be found without a name (a discoverable credential). The challenge
    /// MUST be fresh and random, of 16 bytes at least. The options SHOULD keep authenticators from registering again
    /// that hold one of `existing`.
    ///
    /// # Errors
    /// Those of writing the state, which nothing is known to cause.
    fn start_registration(&self, user: &User, existing: &[Passkey]) -> Result<StartedCeremony, Source>;

    /// Checks a new passkey (section 7.1). No attestation is asked for, and none is believed.
    ///
    /// # Errors
    /// [`CeremonyFault::OtherChallenge`], [`CeremonyFault::Invalid`].
    fn finish_registration(
        &self,
        state: &CeremonyState,
        response: &RegistrationResponse,
    ) -> Result<RegisteredCredential, CeremonyFault>;

    /// Begins a proof by any of the `allowed` passkeys, or by any at all if there are none. The challenge MUST be fresh
    /// and random, of 16 bytes at least.
    ///
    /// # Errors
    /// Those of writing the state, which nothing is known to cause.
    fn start_authentication(
        &self,
        verification: UserVerification,
        allowed: &[Passkey],
    ) -> Result<StartedCeremony, Source>;

    /// Checks a proof by this passkey (section 7.2). Whose it is and whether it may be used is for the caller to know.
    ///
    /// A passkey that was bound to its device MUST be taken when it says that it may be copied now.
    ///
    /// # Errors
    /// [`CeremonyFault::OtherChallenge`], [`CeremonyFault::Invalid`]; [`CeremonyFault::NotVerified`] when the state
    /// requires that the user was verified; [`CeremonyFault::Suspicious`], only for a genuine signature.
    fn finish_authentication(
        &self,
        state: &CeremonyState,
        passkey: &Passkey,
        response: &AssertionResponse,
    ) -> Result<Asserted, CeremonyFault>;
}

/// Whether the authenticator has to find out who uses it, by a PIN or a finger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    /// It must.
    Required,
    /// It may.
    Preferred,
}

/// What a passkey proved, and says of itself now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asserted {
    /// How often it has signed.
    pub sign_count: u32,
    /// Whether it may be copied to other devices.
    pub is_backup_eligible: bool,
    /// Whether it was.
    pub is_backed_up: bool,
    /// Whether the authenticator found out who uses it.
    pub is_user_verified: bool,
}

/// Why a response is refused.
#[derive(Debug, Error)]
pub enum CeremonyFault {
    /// It is for another challenge.
    #[error("the response is for another challenge")]
    OtherChallenge,
    /// The authenticator did not find out who uses it, which it had to.
    #[error("the user was not verified")]
    NotVerified,
    /// The signature is right, but a copy of the passkey may be about: its count does not grow, or it may no longer be
    /// copied although it could.
    #[error("a copy of the passkey may exist")]
    Suspicious,
    /// Anything else.
    #[error("the response is not valid")]
    Invalid(#[source] Source),
}
