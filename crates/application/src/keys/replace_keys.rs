use domain::KeyState;

use crate::audit::{Event, record};
use crate::{Application, ApplicationError};

impl Application {
    /// Throws away every signing key and makes new ones of the same algorithm: for when a key is no longer secret, or
    /// the root secret is another. All access tokens become void, on each node as soon as it hears of it; sessions go
    /// on by their refresh tokens.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`], also when another node changes keys at the same time.
    pub async fn replace_keys(&self) -> Result<(), ApplicationError> {
        let stored = self.ports.signing_keys.list().await?;
        let algorithm = stored.active().ok().flatten().map_or(self.settings.algorithm, |key| key.algorithm);
        let active = self.make_key(algorithm, self.active_now()).await?;
        let next = self.make_key(algorithm, KeyState::Next).await?;

        let unit = self.ports.units_of_work.begin().await?;
        unit.signing_keys().delete_all().await?;
        for key in [&active, &next] {
            if !unit.signing_keys().insert(key).await? {
                return Err(ApplicationError::Unavailable("another node changes keys at the same time".into()));
            }
        }
        record(Event::KeysReplaced { active: active.id }, unit.commit(), |()| true).await?;
        Ok(self.ports.access_tokens.reload().await?)
    }
}
