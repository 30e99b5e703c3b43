use domain::identities::Identity;

use super::Providers;
use crate::{Actor, ApplicationError};

impl Providers {
    /// The accounts at providers that the actor has linked, the oldest first.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn list_identities(&self, actor: &Actor) -> Result<Vec<Identity>, ApplicationError> {
        Ok(self.identities.list(actor.user_id).await?)
    }
}
