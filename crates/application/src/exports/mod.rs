//! Exports: what is held about a user, for that user.

mod export_me;

use std::sync::Arc;

use domain::events::EventRepository;
use domain::identities::IdentityRepository;
use domain::mail::OutboxRepository;
use domain::one_time_tokens::OneTimeTokenRepository;
use domain::passwords::PasswordRepository;
use domain::tasks::TaskRepository;

pub use export_me::{Export, MAX_EXPORTED};

use crate::attempts::AttemptCounts;
use crate::sudo::Sudo;

/// The use cases of exports.
#[derive(Clone)]
pub struct Exports {
    /// The account, and whether it has a password.
    pub passwords: Arc<dyn PasswordRepository>,
    /// Asks for a recent proof, and has the sessions and the second factors.
    pub sudo: Sudo,
    /// The accounts at providers that are linked to it.
    pub identities: Arc<dyn IdentityRepository>,
    /// What happened to it.
    pub events: Arc<dyn EventRepository>,
    /// What was mailed to its owner to be used once.
    pub one_time_tokens: Arc<dyn OneTimeTokenRepository>,
    /// The mails to it.
    pub outbox: Arc<dyn OutboxRepository>,
    /// What is counted of it.
    pub attempts: AttemptCounts,
    /// Its tasks.
    pub tasks: Arc<dyn TaskRepository>,
}
