use domain::passkeys::Passkey;

use super::Passkeys;
use crate::{Actor, ApplicationError};

impl Passkeys {
    /// The actor's passkeys, the oldest first.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn list(&self, actor: &Actor) -> Result<Vec<Passkey>, ApplicationError> {
        Ok(self.ceremonies.passkeys.list(actor.user_id).await?)
    }
}
