//! Signing in by identity providers, and the accounts there that a user has linked.
//!
//! A flow begins with [`Providers::start`] or, for whoever is signed in, with [`Providers::start_linking`], and then
//! [`Providers::open`]. [`Providers::come_back`] takes what the browser brings from the provider, sealed by
//! [`Providers::seal_response`] where a form brought it, and makes a code of it, by which an app gets a session
//! ([`Providers::sign_in`]) or the user's link ([`Providers::finish_linking`]).

mod come_back;
mod find_user;
mod finish_linking;
mod list_identities;
mod redeem;
mod seal_response;
mod sign_in;
mod start;
mod start_linking;
mod unlink;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::Mac;
use domain::identities::{IdentityRepository, ProviderName};
use domain::providers::{CodeChallenges, ConfiguredProvider, IdentityProviders, ProviderFlowRepository, ResponseSeal};

pub use come_back::{CameBack, Landing, NoCode};
pub use redeem::RedeemCode;
pub use start::{Departure, StartFlow};

use crate::ApplicationError;
use crate::sign_in::SignIn;
use crate::users::Users;

/// The use cases of identity providers.
#[derive(Clone)]
pub struct Providers {
    /// The providers of the configuration.
    pub providers: Arc<dyn IdentityProviders>,
    /// Sign-ins that are on their way.
    pub flows: Arc<dyn ProviderFlowRepository>,
    /// Linked accounts, outside a unit of work.
    pub identities: Arc<dyn IdentityRepository>,
    /// Computes code challenges.
    pub challenges: Arc<dyn CodeChallenges>,
    /// Seals what browsers carry from one of our addresses to another.
    pub responses: Arc<dyn ResponseSeal>,
    /// Computes what is secret about a flow.
    pub mac: Arc<dyn Mac>,
    /// Makes accounts, and has what writing one takes.
    pub users: Users,
    /// Starts sessions.
    pub sign_in: SignIn,
    /// How old a proof may be for what changes how somebody gets in.
    pub sudo_window: TimeDelta,
    /// Where browsers may be sent in the end.
    pub return_to: Arc<[String]>,
}

impl Providers {
    /// The providers that one can sign in by.
    pub fn list(&self) -> Vec<ConfiguredProvider> {
        self.providers.list()
    }

    /// What people call a provider, also one that is configured no more.
    fn title(&self, name: &ProviderName) -> String {
        self.configured(name).map_or_else(|| name.as_str().to_owned(), |provider| provider.title)
    }

    /// Rejects what is not the name of one of them.
    ///
    /// # Errors
    /// [`ApplicationError::UnknownProvider`].
    pub fn require(&self, provider: &ProviderName) -> Result<(), ApplicationError> {
        self.configured(provider).map(drop).ok_or(ApplicationError::UnknownProvider)
    }

    fn configured(&self, name: &ProviderName) -> Option<ConfiguredProvider> {
        self.list().into_iter().find(|provider| provider.name == *name)
    }
}
