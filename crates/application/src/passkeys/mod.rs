//! Passkeys: how they are registered, named and removed. Signing in with one is a use case of
//! [`sign_in`](crate::sign_in).

mod list_passkeys;
mod register_passkey;
mod remove_passkey;
mod rename_passkey;
mod start_registration;

use std::sync::Arc;

use domain::providers::IdentityProviders;

pub use crate::ceremonies::{Asked, Ceremonies, PresentedPasskey};
pub use register_passkey::{RegisterPasskey, RegisteredPasskey};

use crate::factors::Factors;

/// The use cases of passkeys.
#[derive(Clone)]
pub struct Passkeys {
    /// Challenges, and the responses to them.
    pub ceremonies: Ceremonies,
    /// A passkey is a second factor, too.
    pub factors: Factors,
    /// The providers of the configuration: an account at one of them is another way in.
    pub providers: Arc<dyn IdentityProviders>,
}
