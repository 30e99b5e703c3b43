use std::net::IpAddr;

use domain::one_time_tokens::Purpose;

use super::{ChooseByMail, Passwords};
use crate::ApplicationError;

impl Passwords {
    /// Gives whoever was invited their password, and proves their address. It signs nobody in. It is good in every mode
    /// of registration: the account was made by the invitation.
    ///
    /// # Errors
    /// Those of [`Passwords::confirm_reset`].
    pub async fn accept_invitation(
        &self,
        accepted: ChooseByMail,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        self.choose_by_mail(Purpose::Invitation, accepted, address).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::events::What;
    use domain::units::MockAccountUnit;
    use domain::users::{Epoch, User};

    use super::*;
    use crate::one_time_tokens::testing::{a_token, by_token, using};
    use crate::passwords::testing::Mocks;
    use crate::testing::{a_hash, a_user, password};

    fn accept(purpose: Purpose) -> ChooseByMail {
        ChooseByMail { proof: by_token(&a_token(purpose)), new: password() }
    }

    #[tokio::test(start_paused = true)]
    async fn it_stores_the_password_and_proves_the_address_and_no_notice_is_mailed() {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_id().times(1).returning(|_| Ok(Some(a_user())));
        mocks.hashing().expect_hash().times(1).returning(|_| Ok(a_hash()));
        mocks.one_time_tokens = std::mem::take(&mut mocks.one_time_tokens).finding(a_token(Purpose::Invitation));
        let mut unit = using(MockAccountUnit::default(), true);
        let invited = User { email_verified: false, ..a_user() };
        unit.users.expect_find_by_id_for_update().times(1).return_once(|_| Ok(Some(invited)));
        let is_proven = |user: &User| user.email_verified && user.epoch == Epoch::new(1);
        unit.users.expect_update().withf(is_proven).times(1).returning(|_| Ok(()));
        unit.passwords.expect_store().times(1).returning(|_, _, _| Ok(()));
        unit.factors.expect_note_reset().times(1).returning(|_, _| Ok(()));
        unit.factors.expect_delete_all().times(1).returning(|_| Ok(0));
        unit.passkeys.expect_delete_all().times(1).returning(|_| Ok(1));
        unit.identities.expect_delete_all().times(1).returning(|_| Ok(0));
        unit.one_time_tokens.expect_void_all().times(1).returning(|_| Ok(2));
        unit.refresh_tokens.expect_revoke_all().times(1).returning(|_, _, _| Ok(vec![]));
        unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
        let commits = mocks.units([unit]);
        let events = mocks.units.events();
        mocks.build().accept_invitation(accept(Purpose::Invitation), None).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
        assert_eq!(events.lock().unwrap()[0].what, What::InvitationAccepted { user: a_user().id });
    }

    #[tokio::test(start_paused = true)]
    async fn the_token_of_a_reset_accepts_none() {
        let result = Mocks::default().build().accept_invitation(accept(Purpose::ResetPassword), None).await;
        assert!(matches!(result, Err(ApplicationError::InvalidOneTimeToken)));
    }
}
