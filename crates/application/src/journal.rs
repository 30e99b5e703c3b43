use std::sync::Arc;

use chrono::TimeDelta;
use domain::access_tokens::AccessTokens;
use domain::sessions::{Revoked, RevokedTokens};
use domain::units::{AccountUnit, UnitOfWork};
use domain::{Clock, Timestamp};

use crate::ApplicationError;
use crate::audit::{Event, record};
use crate::node::Counters;
use crate::sessions::Revocations;

/// Commits units of work with what there is to say of them, and remembers it: what was revoked, and how often what
/// happened. Clones share that memory: make one for each node.
#[derive(Clone)]
pub struct Journal {
    access_tokens: Arc<dyn AccessTokens>,
    clock: Arc<dyn Clock>,
    access_token_ttl: TimeDelta,
    pub(crate) revocations: Arc<Revocations>,
    pub(crate) counters: Arc<Counters>,
}

impl Journal {
    /// A node's journal. `access_token_ttl` is how long this node's access tokens live.
    pub fn new(access_tokens: Arc<dyn AccessTokens>, clock: Arc<dyn Clock>, access_token_ttl: TimeDelta) -> Self {
        let (revocations, counters) = Default::default();
        Self { access_tokens, clock, access_token_ttl, revocations, counters }
    }

    /// Commits a unit of work, and records `event`.
    pub(crate) async fn commit<U: UnitOfWork + ?Sized>(
        &self,
        unit: Box<U>,
        event: Event,
    ) -> Result<(), ApplicationError> {
        Ok(record(event, unit.commit(), |()| true).await?)
    }

    /// Commits a unit of work that voids access tokens, with what every node has to know of it, and records `event`.
    pub(crate) async fn commit_revoking(
        &self,
        unit: Box<dyn AccountUnit>,
        tokens: &[RevokedTokens],
        event: Event,
    ) -> Result<(), ApplicationError> {
        let until = self.forgotten_at();
        for tokens in tokens {
            unit.revocations().insert(&Revoked { tokens: *tokens, until }).await?;
        }
        let reason = event.revokes_for();
        self.commit(unit, event).await?;
        self.counters.revocation(reason);
        tokens.iter().for_each(|tokens| self.learn(*tokens));
        Ok(())
    }

    /// Remembers what was committed. Also what another node has done before, where this one is about to say that it is
    /// done: it may not have heard of it yet.
    pub(crate) fn learn(&self, tokens: RevokedTokens) {
        self.revocations.add(Revoked { tokens, until: self.forgotten_at() });
    }

    /// When every token that was issued until now has expired, also of nodes that give tokens a longer life.
    fn forgotten_at(&self) -> Timestamp {
        let now = self.revocations.latest(self.clock.now());
        self.access_tokens.tokens_expire_at(now).max(now + self.access_token_ttl) + Revocations::MARGIN
    }
}
