use domain::events::What;
use domain::identities::Identity;
use domain::providers::LinkingSession;

use super::{Providers, RedeemCode};
use crate::acting::{Proven, begin_proven, check_proven};
use crate::{Actor, ApplicationError};

impl Providers {
    /// Links the account that was proven at a provider to the actor's. The flow must have begun in the same session.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`], and the code stays good; [`ApplicationError::InvalidProviderCode`],
    /// whatever is wrong with the code; [`ApplicationError::Duplicate`] when the account is linked already, to
    /// whomever; [`ApplicationError::TooManyFactors`], [`ApplicationError::InvalidAccessToken`],
    /// [`ApplicationError::Unavailable`].
    pub async fn finish_linking(&self, actor: &Actor, redeem: RedeemCode) -> Result<Identity, ApplicationError> {
        let linking = LinkingSession { user: actor.user_id, session: actor.session };
        let (units, clock) = (self.sign_in.units.as_ref(), self.sign_in.clock.as_ref());
        // A factor may have been added since the flow began. The proof is asked for before the code is used, too, so
        // that the code stays good until the actor has proven who they are.
        check_proven(units, actor, clock, self.sudo_window).await?;
        let (flow, proven) = self.redeem(&redeem, Some(linking)).await?;
        let Proven { unit, user, .. } = begin_proven(units, actor, clock, self.sudo_window).await?;
        let identity = self.link(unit.as_ref(), &user, &flow, &proven).await?;
        self.sign_in.journal.commit(unit, actor.did(What::IdentityLinked { user: user.id })).await?;
        Ok(identity)
    }
}
