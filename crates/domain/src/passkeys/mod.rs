//! Passkeys: key pairs that a device, a security key or a password manager holds, and whose public half is here (Web
//! Authentication Level 3).
//!
//! Registering one and proving that one holds it are ceremonies: the service hands out a challenge, and takes one
//! response to it.

mod ceremony;
mod passkey;
mod repository;
mod response;
mod started_ceremony;
mod web_authn;

pub use ceremony::{Ceremony, CeremonyPurpose};
pub use passkey::{CredentialId, NewPasskey, Passkey, PasskeyPublicKey, PasskeyUse, RegisteredCredential};
pub use repository::{CeremonyRepository, PasskeyRepository};
pub use response::{AssertionResponse, RegistrationResponse};
pub use started_ceremony::{CeremonyState, StartedCeremony};
pub use web_authn::{Asserted, CeremonyFault, UserVerification, WebAuthn};

#[cfg(feature = "mocks")]
pub use {
    repository::{MockCeremonyRepository, MockPasskeyRepository},
    web_authn::MockWebAuthn,
};

use crate::Id;

/// Names a passkey.
pub type PasskeyId = Id<Passkey>;

/// Names a ceremony. It is random: whoever knows it began the ceremony.
pub type CeremonyId = Id<Ceremony>;
