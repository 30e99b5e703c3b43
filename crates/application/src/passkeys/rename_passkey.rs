use domain::factors::FactorName;
use domain::passkeys::{Passkey, PasskeyId};

use super::Passkeys;
use crate::acting::begin_as;
use crate::{Actor, ApplicationError};

impl Passkeys {
    /// Gives a passkey of the actor's another name, and returns it.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`], [`ApplicationError::Duplicate`] of `name`,
    /// [`ApplicationError::InvalidAccessToken`], [`ApplicationError::Unavailable`].
    pub async fn rename(
        &self,
        actor: &Actor,
        id: PasskeyId,
        name: Option<FactorName>,
    ) -> Result<Passkey, ApplicationError> {
        let (unit, user) = begin_as(self.factors.units.as_ref(), actor, self.factors.clock.as_ref()).await?;
        if let Some(name) = &name {
            unit.passkeys().rename(user.id, id, name).await?;
        }
        let passkeys = unit.passkeys().list(user.id).await?;
        let passkey = passkeys.into_iter().find(|passkey| passkey.id == id).ok_or(ApplicationError::NotFound)?;
        unit.commit().await?;
        Ok(passkey)
    }
}
