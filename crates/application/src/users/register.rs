use std::net::IpAddr;

use domain::events::{By, What};
use domain::mail::Letter;
use domain::one_time_tokens::Purpose;
use domain::passwords::{OwnWords, PasswordHash};
use domain::registration::PendingAccount;
use domain::users::{Email, Locale, Profile};

use super::{CreateUser, Users};
use crate::ApplicationError;
use crate::even::evenly;

impl Users {
    /// Registers somebody whose account is made once they prove that the address is theirs, by
    /// [`Users::finish_registration`]. They do not learn whether the address has an account: its owner does, by mail.
    /// It says the same and takes the same time, and so it does when there were too many mails. Whether somebody has
    /// the username is not looked at before the proof.
    ///
    /// The owner of an address that has an account which nobody has proven gets into that by a new password by mail.
    ///
    /// # Errors
    /// [`ApplicationError::RefusedPassword`], [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub(super) async fn register(&self, new: CreateUser, address: Option<IpAddr>) -> Result<(), ApplicationError> {
        let CreateUser { email, password, profile, .. } = new;
        let mut place = self.passwords.hashing.reserve()?;
        // Of a known address, too.
        let words = OwnWords::of(Some(&email), &profile);
        let password = self.passwords.accept("password", password, words).await?;
        let hash = place.hash(&password).await?;
        evenly(self.passwords.hashing.in_turn(self.mail_registrant(&email, profile, hash, address))).await
    }

    async fn mail_registrant(
        &self,
        email: &Email,
        profile: Profile,
        password: PasswordHash,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        let mails = &self.passwords.one_time_tokens;
        let known = self.users.find_by_email(email).await?;
        if known.as_ref().is_some_and(|user| !user.is_active) || !mails.may_send(Purpose::VerifyEmail, email).await? {
            return Ok(());
        }
        let event = What::RegistrationRequested { user: known.as_ref().map(|user| user.id) };
        let unit = self.passwords.units.begin().await?;
        match known {
            Some(user) => mails.tell(unit.as_ref(), &user, Letter::AlreadyRegistered).await?,
            None => {
                let locale = profile.locale_or(Locale::default());
                let token = mails.send(unit.as_ref(), Purpose::VerifyEmail, None, email, locale).await?;
                let pending = PendingAccount { token_id: token.id, profile, password };
                unit.pending_accounts().insert(&pending).await?;
            }
        }
        self.passwords.journal.commit(unit, By::Anyone.did(event).from_address(address)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::attempts::Reservation;
    use domain::registration::RegistrationMode;
    use domain::units::MockAccountUnit;
    use domain::users::User;
    use tokio::time::Instant;

    use super::*;
    use crate::one_time_tokens::testing as one_time_tokens;
    use crate::testing::{a_hash, a_user, now, password};
    use crate::users::Registered;
    use crate::users::testing::Mocks;

    /// What is mailed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Mailed {
        Token,
        Notice,
        Nothing,
    }

    async fn register(known: Option<User>, reservation: Reservation, mailed: Mailed) {
        let mut mocks = Mocks { registration: RegistrationMode::Verified, ..Mocks::default() };
        mocks.one_time_tokens = one_time_tokens::Mocks::default().reserving(reservation);
        mocks.users.expect_find_by_email().times(1).return_once(|_| Ok(known));
        // Whatever comes of it, one password is hashed.
        mocks.hashing().expect_hash().times(1).returning(|_| Ok(a_hash()));
        let (mut unit, sends) = (MockAccountUnit::default(), usize::from(mailed == Mailed::Token));
        unit.one_time_tokens
            .expect_insert()
            .withf(|token| (token.purpose, token.user_id) == (Purpose::VerifyEmail, None))
            .times(sends)
            .returning(|_| Ok(()));
        unit.pending_accounts.expect_insert().withf(|it| it.password == a_hash()).times(sends).returning(|_| Ok(()));
        unit.outbox
            .expect_insert()
            .withf(move |mail| (mail.letter == Letter::AlreadyRegistered) == (mailed == Mailed::Notice))
            .times(usize::from(mailed != Mailed::Nothing))
            .returning(|_| Ok(()));
        let commits = mocks.units([unit]);
        let (users, begin) = (mocks.build(), Instant::now());
        let result = users.create(None, CreateUser::new(a_user().email, password()), None).await.unwrap();
        assert!(matches!(result, Registered::Pending));
        let expected = (usize::from(mailed != Mailed::Nothing), 250);
        assert_eq!((commits.load(Ordering::SeqCst), begin.elapsed().as_millis()), expected);
    }

    /// Nothing is mailed, and nothing is counted as mailed.
    async fn register_disabled() {
        let mut mocks = Mocks { registration: RegistrationMode::Verified, ..Mocks::default() };
        mocks.one_time_tokens = one_time_tokens::Mocks::default();
        mocks.users.expect_find_by_email().return_once(|_| Ok(Some(User { is_active: false, ..a_user() })));
        mocks.hashing().expect_hash().times(1).returning(|_| Ok(a_hash()));
        let result = mocks.build().create(None, CreateUser::new(a_user().email, password()), None).await;
        assert!(matches!(result, Ok(Registered::Pending)));
    }

    #[tokio::test(start_paused = true)]
    async fn whether_an_address_is_known_is_told_to_its_owner_alone() {
        let unproven = User { email_verified: false, ..a_user() };
        register(None, Reservation::Taken, Mailed::Token).await;
        register(Some(unproven), Reservation::Taken, Mailed::Notice).await;
        register(Some(a_user()), Reservation::Taken, Mailed::Notice).await;
        register_disabled().await;
        for known in [None, Some(a_user())] {
            register(known, Reservation::Refused { free_at: now() }, Mailed::Nothing).await;
        }
    }
}
