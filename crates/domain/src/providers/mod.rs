//! Identity providers: whoever can prove there who they are may sign in here.
//!
//! A sign-in by a provider is a [`ProviderFlow`], one row from its beginning to its end: a browser is sent to the
//! provider, comes back with the provider's code, and what the provider then says of it is handed to the app by a code
//! of ours. Whatever is secret in between is computed from the row, so that neither the database alone nor the key
//! alone is enough to forge it.

mod code_challenge;
mod flow;
mod flow_secrets;
mod port;
mod repository;
mod response_seal;

pub use code_challenge::{CodeChallenge, CodeChallenges, CodeVerifier};
pub use flow::{Browser, BrowserMark, LinkingSession, NewProviderFlow, ProvenIdentity, ProviderFlow};
pub use flow_secrets::{FlowToken, PresentedFlowToken};
pub use port::{AuthorizationRequest, AuthorizationResponse, ConfiguredProvider, IdentityProviders, ProviderError};
pub use repository::ProviderFlowRepository;
pub use response_seal::ResponseSeal;

#[cfg(feature = "mocks")]
pub use {
    code_challenge::MockCodeChallenges, port::MockIdentityProviders, repository::MockProviderFlowRepository,
    response_seal::MockResponseSeal,
};

use crate::Id;

/// Names a flow.
pub type ProviderFlowId = Id<ProviderFlow>;
