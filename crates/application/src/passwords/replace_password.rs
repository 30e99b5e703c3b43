use domain::events::NewEvent;
use domain::mail::Letter;
use domain::passwords::PasswordHash;
use domain::sessions::{Revocation, RevocationReason, SessionId};
use domain::units::AccountUnit;
use domain::users::User;

use super::Passwords;
use crate::ApplicationError;
use crate::sessions::end_all;

impl Passwords {
    /// Gives the account of this unit another password, and ends what the previous one has begun: all access tokens
    /// become void, all sessions end but `except`, and whatever was mailed to the user is worth nothing any more. The
    /// user is told.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub(super) async fn replace(
        &self,
        unit: Box<dyn AccountUnit>,
        user: User,
        hash: &PasswordHash,
        except: Option<SessionId>,
        event: NewEvent,
    ) -> Result<(), ApplicationError> {
        self.one_time_tokens.notify(unit.as_ref(), &user, Letter::PasswordChanged).await?;
        self.replace_untold(unit, user, hash, except, event).await
    }

    /// As [`Passwords::replace`], for the first password that the owner of the address chooses: they need not be told.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn replace_untold(
        &self,
        unit: Box<dyn AccountUnit>,
        mut user: User,
        hash: &PasswordHash,
        except: Option<SessionId>,
        event: NewEvent,
    ) -> Result<(), ApplicationError> {
        let now = self.clock.now();
        user.updated_at = now;
        unit.passwords().store(user.id, hash, now).await?;
        // Only a user who changes their own password keeps a session.
        let reason = if except.is_some() { RevocationReason::PasswordChanged } else { RevocationReason::PasswordSet };
        let void = end_all(unit.as_ref(), &mut user, except, Revocation { at: now, reason }).await?;
        self.journal.commit_revoking(unit, event, &[void]).await
    }
}
