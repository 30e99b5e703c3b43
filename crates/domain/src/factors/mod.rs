//! Second factors: what somebody proves besides their password.
//!
//! An authenticator app shows a code that changes every half minute (TOTP, RFC 6238). Whoever loses it comes back with
//! a recovery code.

mod challenge;
mod kind;
mod name;
mod policy;
mod recovery_code;
mod repository;
mod sealed_secret;
mod totp_code;
mod totp_device;
mod totp_secrets;

pub use challenge::SecondFactorChallenge;
pub use kind::FactorKind;
pub use name::FactorName;
pub use policy::{Grace, RequiredOf, SecondFactorPolicy};
pub use recovery_code::{HashedRecoveryCode, RecoveryCode};
pub use repository::FactorRepository;
pub use sealed_secret::SealedTotpSecret;
pub use totp_code::{TotpCode, TotpStep};
pub use totp_device::{NewTotpDevice, TotpDevice};
pub use totp_secrets::{TotpEnrolment, TotpSecrets};

#[cfg(feature = "mocks")]
pub use {repository::MockFactorRepository, totp_secrets::MockTotpSecrets};

use crate::Id;

/// Names an authenticator app.
pub type TotpDeviceId = Id<TotpDevice>;
