use domain::StoreError;
use domain::mail::{Letter, MailId, NewMail, QueuedMail};
use domain::units::AccountUnit;
use domain::users::{Locale, User};

use super::OneTimeTokens;

impl OneTimeTokens {
    /// Whether [`OneTimeTokens::notify`] would mail this user anything.
    pub(crate) fn can_notify(&self, user: &User) -> bool {
        self.sends_mail && user.email_verified
    }

    /// Tells the owner of an account what has happened to it, by a mail in this unit. An address that nobody has proven
    /// may be a stranger's, who is told nothing.
    ///
    /// # Errors
    /// Those of the outbox.
    pub(crate) async fn notify(&self, unit: &dyn AccountUnit, user: &User, letter: Letter) -> Result<(), StoreError> {
        if self.can_notify(user) { self.tell(unit, user, letter).await } else { Ok(()) }
    }

    /// The same, also where nobody has proven the address: for whoever has just typed it.
    ///
    /// # Errors
    /// Those of the outbox.
    pub(crate) async fn tell(&self, unit: &dyn AccountUnit, user: &User, letter: Letter) -> Result<(), StoreError> {
        let now = self.clock.now();
        let locale = user.profile.locale_or(Locale::default());
        let new = NewMail { to: user.email.clone(), locale, letter, token_id: None };
        unit.outbox().insert(&QueuedMail::queue(MailId::new(self.ids.v7(now)), new, now)).await
    }
}
