use std::net::IpAddr;

use domain::events::{By, What};
use domain::one_time_tokens::Purpose;
use domain::passwords::{OwnWords, Password};
use domain::users::User;

use super::Passwords;
use crate::ApplicationError;
use crate::even::evenly;
use crate::one_time_tokens::{Proof, consume};

/// A password that somebody chooses by a mail: in place of a forgotten one, or with an invitation.
#[derive(Clone, Debug)]
pub struct ChooseByMail {
    /// What came with the mail.
    pub proof: Proof,
    /// The password.
    pub new: Password,
}

impl Passwords {
    /// Gives the owner of an address another password. It proves the address, ends every session, and voids every other
    /// token of the account. It signs nobody in.
    ///
    /// # Errors
    /// [`ApplicationError::RefusedPassword`], and the token stays good; [`ApplicationError::InvalidOneTimeToken`],
    /// whatever is wrong with the token or the account; [`ApplicationError::Overloaded`],
    /// [`ApplicationError::Unavailable`].
    pub async fn confirm_reset(&self, reset: ChooseByMail, address: Option<IpAddr>) -> Result<(), ApplicationError> {
        self.choose_by_mail(Purpose::ResetPassword, reset, address).await
    }

    /// The same for any purpose whose token lets its holder choose a password.
    pub(super) async fn choose_by_mail(
        &self,
        purpose: Purpose,
        reset: ChooseByMail,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        self.check_length("new_password", &reset.new)?;
        let token = evenly(self.one_time_tokens.prove(purpose, &reset.proof)).await?;
        let user_id = token.user_id.ok_or(ApplicationError::InvalidOneTimeToken)?;
        let mut place = self.hashing.reserve()?;
        let user = self.hashing.in_turn(self.users.find_by_id(user_id)).await?;
        let user = user.ok_or(ApplicationError::InvalidOneTimeToken)?;
        let words = OwnWords::of(Some(&user.email), &user.profile);
        let new = self.accept("new_password", reset.new, words).await?;
        let hash = place.hash(&new).await?;
        self.hashing
            .in_turn(async {
                let unit = self.units.begin().await?;
                let user = unit.users().find_by_id_for_update(user_id).await?;
                // Bound to the address that it was mailed to, and to an account that may sign in.
                let is_theirs = |user: &User| user.is_active && user.email == token.email;
                let mut user = user.filter(is_theirs).ok_or(ApplicationError::InvalidOneTimeToken)?;
                consume(unit.as_ref(), &token, self.clock.now()).await?;
                if !user.email_verified {
                    // Somebody else may have made the account, and must not keep its owner out.
                    unit.factors().delete_all(user.id).await?;
                    unit.identities().delete_all(user.id).await?;
                    unit.passkeys().delete_all(user.id).await?;
                }
                user.email_verified = true;
                unit.factors().note_reset(user_id, Some(self.clock.now())).await?;
                let by_anyone = |what| By::Anyone.did(what).from_address(address);
                if purpose == Purpose::Invitation {
                    let event = by_anyone(What::InvitationAccepted { user: user.id });
                    return self.replace_untold(unit, user, &hash, None, event).await;
                }
                let event = by_anyone(What::PasswordReset { user: user.id });
                // Whoever guessed the one before must not keep its owner out now, whose sessions end.
                self.attempts.forget(unit.as_ref(), user_id, address).await?;
                self.replace(unit, user, &hash, None, event).await
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::one_time_tokens::OneTimeToken;
    use domain::units::MockAccountUnit;
    use domain::users::{Email, Epoch};

    use super::*;
    use crate::one_time_tokens::testing::{a_token, by_token, using};
    use crate::passwords::testing::Mocks;
    use crate::testing::{a_hash, a_user, now, password};

    fn reset(token: &OneTimeToken) -> ChooseByMail {
        ChooseByMail { proof: by_token(token), new: password() }
    }

    fn token() -> OneTimeToken {
        a_token(Purpose::ResetPassword)
    }

    /// A token that is found, and a password that is hashed.
    fn mocks(token: OneTimeToken) -> Mocks {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_id().times(1).returning(|_| Ok(Some(a_user())));
        mocks.hashing().expect_hash().times(1).returning(|_| Ok(a_hash()));
        mocks.one_time_tokens = std::mem::take(&mut mocks.one_time_tokens).finding(token);
        mocks
    }

    fn unit_of(user: Option<User>) -> MockAccountUnit {
        let mut unit = MockAccountUnit::default();
        unit.users.expect_find_by_id_for_update().times(1).return_once(|_| Ok(user));
        unit
    }

    #[tokio::test(start_paused = true)]
    async fn it_stores_the_password_proves_the_address_and_ends_all_that_was() {
        let mut mocks = mocks(token());
        let mut unit = using(unit_of(Some(User { email_verified: false, ..a_user() })), true);
        let is_proven = |user: &User| user.email_verified && user.epoch == Epoch::new(1);
        unit.users.expect_update().withf(is_proven).times(1).returning(|_| Ok(()));
        unit.passwords.expect_store().times(1).returning(|_, _, _| Ok(()));
        unit.factors.expect_delete_all().times(1).returning(|_| Ok(0));
        unit.passkeys.expect_delete_all().times(1).returning(|_| Ok(1));
        unit.identities.expect_delete_all().times(1).returning(|_| Ok(0));
        unit.one_time_tokens.expect_void_all().times(1).returning(|_| Ok(2));
        unit.outbox.expect_insert().times(1).returning(|_| Ok(()));
        unit.attempts.expect_forget().times(1).returning(|_| Ok(true));
        unit.factors.expect_note_reset().withf(|_, at| *at == Some(now())).times(1).returning(|_, _| Ok(()));
        unit.refresh_tokens
            .expect_revoke_all()
            .withf(|_, except, _| except.is_none())
            .times(1)
            .returning(|_, _, _| Ok(vec![]));
        unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
        let commits = mocks.units([unit]);
        mocks.build().confirm_reset(reset(&token()), None).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_bound_to_its_address_its_account_and_its_first_use() {
        let moved = User { email: Email::parse("other@example.com").unwrap(), ..a_user() };
        let units = [
            unit_of(None),
            unit_of(Some(User { is_active: false, ..a_user() })),
            unit_of(Some(moved)),
            using(unit_of(Some(a_user())), false),
        ];
        for unit in units {
            let mut mocks = mocks(token());
            let commits = mocks.units([unit]);
            let result = mocks.build().confirm_reset(reset(&token()), None).await;
            assert!(matches!(result, Err(ApplicationError::InvalidOneTimeToken)), "{result:?}");
            assert_eq!(commits.load(Ordering::SeqCst), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_guessable_password_leaves_the_token_good() {
        let mut mocks = Mocks::measuring(2);
        mocks.users.expect_find_by_id().times(1).returning(|_| Ok(Some(a_user())));
        mocks.one_time_tokens = std::mem::take(&mut mocks.one_time_tokens).finding(token());
        let result = mocks.build().confirm_reset(reset(&token()), None).await;
        assert!(matches!(result, Err(ApplicationError::RefusedPassword { field: "new_password", refused })
            if refused.fault.code == "too_guessable"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_good_is_refused_before_anything_is_hashed() {
        let result = Mocks::default()
            .build()
            .confirm_reset(ChooseByMail { proof: by_token(&token()), new: Password::parse("short").unwrap() }, None)
            .await;
        assert!(matches!(result, Err(ApplicationError::RefusedPassword { field: "new_password", .. })));
        let used = OneTimeToken { used_at: Some(crate::testing::now()), ..token() };
        let mut mocks = Mocks::default();
        mocks.one_time_tokens = std::mem::take(&mut mocks.one_time_tokens).finding(used);
        let result = mocks.build().confirm_reset(reset(&token()), None).await;
        assert!(matches!(result, Err(ApplicationError::InvalidOneTimeToken)));
    }
}
