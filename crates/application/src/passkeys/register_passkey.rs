use domain::Secret;
use domain::events::What;
use domain::factors::FactorName;
use domain::mail::Letter;
use domain::passkeys::{
    CeremonyFault, CeremonyId, CeremonyPurpose, NewPasskey, Passkey, PasskeyId, RegisteredCredential,
    RegistrationResponse,
};
use domain::sessions::Authentication;

use super::Passkeys;
use crate::acting::Proven;
use crate::end_all::commit_ways_in;
use crate::second_factors::{by_passkey, kinds_of};
use crate::{Actor, ApplicationError};

/// A passkey to register.
#[derive(Clone, Debug)]
pub struct RegisterPasskey {
    /// The ceremony that it was made in.
    pub ceremony: CeremonyId,
    /// What its user calls it.
    pub name: FactorName,
    /// What the browser returned.
    pub response: RegistrationResponse,
}

/// A passkey that was registered.
#[derive(Clone, Debug)]
pub struct RegisteredPasskey {
    /// It.
    pub passkey: Passkey,
    /// With the first factor: recovery codes, shown once.
    pub recovery_codes: Vec<Secret>,
}

impl Passkeys {
    /// Registers a passkey of the actor's. Their other sessions end, and this one counts as proven by it.
    ///
    /// # Errors
    /// [`ApplicationError::PasskeysOff`], [`ApplicationError::InvalidCeremony`], [`ApplicationError::WrongProof`],
    /// [`ApplicationError::StepUpRequired`]; [`ApplicationError::Duplicate`] of `name`, or of `credential` when anybody
    /// has it already; [`ApplicationError::TooManyFactors`], [`ApplicationError::InvalidAccessToken`],
    /// [`ApplicationError::Unavailable`].
    pub async fn register(
        &self,
        actor: &Actor,
        register: RegisterPasskey,
    ) -> Result<RegisteredPasskey, ApplicationError> {
        self.ceremonies.web_authn()?;
        // Before the ceremony is taken, too: for another name nobody need touch their authenticator again.
        self.check_adding(actor, Some(&register.name)).await?;
        let credential = self.check(actor, &register).await?;
        let is_user_verified = credential.is_user_verified;
        let factors = &self.factors;
        let (Proven { unit, user, session }, _) = self.begin_adding(actor, Some(&register.name)).await?;
        let is_first = kinds_of(unit.factors(), unit.passkeys(), user.id).await?.is_empty();
        let now = factors.clock.now();
        let id = PasskeyId::new(factors.ids.v7(now));
        let passkey = Passkey::register(NewPasskey { id, user_id: user.id, name: register.name, credential }, now);
        unit.passkeys().insert(&passkey).await?;
        let recovery_codes =
            if is_first { factors.new_recovery_codes(unit.as_ref(), user.id).await? } else { Vec::new() };
        let methods = by_passkey(session.authentication.methods, is_user_verified);
        unit.refresh_tokens().record_authentication(session.id, Authentication { at: now, methods }).await?;
        factors.one_time_tokens.notify(unit.as_ref(), &user, Letter::PasskeyAdded).await?;
        let event = actor.did(What::FactorAdded { user: user.id });
        commit_ways_in(&factors.journal, unit, user, Some(actor.session), event).await?;
        Ok(RegisteredPasskey { passkey, recovery_codes })
    }

    async fn check(&self, actor: &Actor, register: &RegisterPasskey) -> Result<RegisteredCredential, ApplicationError> {
        let web_authn = self.ceremonies.web_authn()?;
        let purpose = CeremonyPurpose::Registration { user: actor.user_id, session: actor.session };
        let ceremony = self.ceremonies.take(register.ceremony, |it| *it == purpose).await?;
        web_authn.finish_registration(&ceremony.state, &register.response).map_err(|fault| match fault {
            CeremonyFault::OtherChallenge => ApplicationError::InvalidCeremony,
            _ => ApplicationError::WrongProof,
        })
    }
}
