use std::net::IpAddr;

use domain::Timestamp;
use domain::events::{By, What};
use domain::sessions::{PresentedRefreshToken, RefreshToken, RevocationReason, Rotation};
use domain::users::User;

use super::Sessions;
use crate::ApplicationError;
use crate::events::RefreshOutcome;
use crate::sessions::TokenPair;

impl Sessions {
    /// Exchanges a refresh token for the next pair (RFC 6749, section 6; rotation and reuse detection as in RFC 9700,
    /// section 4.14). Only the return of an old token is recorded, with `address`.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidRefreshToken`]; if an old token came back, its session has been revoked by then.
    /// [`ApplicationError::Unavailable`].
    pub async fn refresh(&self, refresh_token: &str, address: Option<IpAddr>) -> Result<TokenPair, ApplicationError> {
        // Taken before the first read: the loser of a race is no later than the winner.
        let now = self.clock.now();
        let presented = PresentedRefreshToken::parse(refresh_token).ok_or(ApplicationError::InvalidRefreshToken)?;
        let (session, user) = self.find_exchangeable(&presented).await?;
        let policy = &self.policy;
        let next = match session.rotate(presented.generation, now, policy) {
            Rotation::Next(next) => next,
            rotation => return self.answer_old_token(rotation, &session, &user, now, address).await,
        };
        // Signed first: where that fails nothing is used up, and the client may try again with the same token.
        let pair = self.issuer.issue(&next, &user, now).await?;
        if self.refresh_tokens.rotate(&next).await? {
            self.journal.counters.refresh(RefreshOutcome::Rotated);
            return Ok(pair);
        }
        // Somebody else was faster, with this token or by revoking the session: see what it is worth now.
        let (session, user) = self.find_exchangeable(&presented).await?;
        // The two overlapped, however long this one was held up and whatever the clocks of their nodes say.
        let rotation = session.rotate(presented.generation, now.max(session.rotated_at), policy);
        self.answer_old_token(rotation, &session, &user, now, address).await
    }

    /// The session and the user that a token was issued for; `None` for a token that was not issued by us.
    pub(crate) async fn find_genuine(
        &self,
        presented: &PresentedRefreshToken,
    ) -> Result<Option<(RefreshToken, User)>, ApplicationError> {
        let found = self.refresh_tokens.find_with_user(presented.id).await?;
        Ok(found.filter(|(session, _)| presented.is_genuine(&session.nonce, self.issuer.mac.as_ref())))
    }

    async fn find_exchangeable(
        &self,
        presented: &PresentedRefreshToken,
    ) -> Result<(RefreshToken, User), ApplicationError> {
        let found = self.find_genuine(presented).await?;
        found.filter(|(_, user)| user.is_active).ok_or(ApplicationError::InvalidRefreshToken)
    }

    /// Returns what a genuine token gets that does not rotate: the same child within the grace window, and otherwise a
    /// refusal, after the session was revoked if the token had been used before.
    async fn answer_old_token(
        &self,
        rotation: Rotation,
        session: &RefreshToken,
        user: &User,
        now: Timestamp,
        address: Option<IpAddr>,
    ) -> Result<TokenPair, ApplicationError> {
        match rotation {
            Rotation::SameChild => {
                self.journal.counters.refresh(RefreshOutcome::Repeated);
                self.issuer.issue(session, user, now).await
            }
            // A session's generation never goes back, so `Next` cannot come up again.
            Rotation::Ended | Rotation::Next(_) => Err(ApplicationError::InvalidRefreshToken),
            Rotation::Reuse => {
                let what = What::RefreshTokenReused { user: user.id, session: session.id };
                let event = By::Anyone.did(what).from_address(address);
                self.revoke_session(session.id, user.id, RevocationReason::Reuse, event).await?;
                Err(ApplicationError::InvalidRefreshToken)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::Nonce;
    use domain::sessions::{Generation, Revocation};

    use super::*;
    use crate::sessions::testing::Mocks;
    use crate::testing::{FakeMac, a_revoking_unit, a_session, a_user, now, unable_to_sign};

    /// A session that was rotated once, `seconds` ago.
    fn rotated(seconds: i64) -> RefreshToken {
        let rotated_at = now() - TimeDelta::seconds(seconds);
        RefreshToken { generation: Generation::new(2), rotated_at, ..a_session() }
    }

    fn token_of(session: &RefreshToken) -> String {
        session.token(&FakeMac).expose().to_owned()
    }

    fn storing(session: RefreshToken) -> Mocks {
        let mut mocks = Mocks::default();
        mocks.refresh_tokens.expect_find_with_user().returning(move |_| Ok(Some((session.clone(), a_user()))));
        mocks
    }

    /// The session is as it was at the first read; at the rotation somebody was faster.
    fn losing_to(after: RefreshToken) -> Mocks {
        let mut mocks = Mocks::default();
        let mut reads = [a_session(), after].into_iter();
        let read = move |_| Ok(reads.next().map(|session| (session, a_user())));
        mocks.refresh_tokens.expect_find_with_user().times(2).returning(read);
        mocks.refresh_tokens.expect_rotate().times(1).returning(|_| Ok(false));
        mocks
    }

    #[tokio::test]
    async fn the_current_token_gets_the_next_one() {
        let mut mocks = storing(a_session());
        mocks.refresh_tokens.expect_rotate().times(1).returning(|_| Ok(true));
        let pair = mocks.build().refresh(&token_of(&a_session()), None).await.unwrap();
        assert_eq!(pair.refresh_token.expose(), token_of(&rotated(0)));
    }

    #[tokio::test]
    async fn without_a_signature_no_token_is_used_up() {
        let mocks = Mocks { access_tokens: unable_to_sign(), ..storing(a_session()) };
        let result = mocks.build().refresh(&token_of(&a_session()), None).await;
        assert!(matches!(result, Err(ApplicationError::Unavailable(_))));
    }

    #[tokio::test]
    async fn the_loser_of_a_race_gets_the_winners_child() {
        let mocks = losing_to(rotated(0));
        let pair = mocks.build().refresh(&token_of(&a_session()), None).await.unwrap();
        assert_eq!(pair.refresh_token.expose(), token_of(&rotated(0)));
    }

    #[tokio::test]
    async fn who_loses_against_a_revocation_is_refused() {
        let revocation = Some(Revocation { at: now(), reason: RevocationReason::Logout });
        let mocks = losing_to(RefreshToken { revocation, ..a_session() });
        let result = mocks.build().refresh(&token_of(&a_session()), None).await;
        assert!(matches!(result, Err(ApplicationError::InvalidRefreshToken)));
    }

    #[tokio::test]
    async fn an_old_token_within_the_grace_window_gets_the_same_child_and_writes_nothing() {
        let pair = storing(rotated(10)).build().refresh(&token_of(&a_session()), None).await.unwrap();
        assert_eq!(pair.refresh_token.expose(), token_of(&rotated(0)));
    }

    #[tokio::test]
    async fn an_old_token_after_the_grace_window_revokes_the_session() {
        let mut mocks = storing(rotated(11));
        mocks.units([a_revoking_unit(RevocationReason::Reuse)]);
        let events = mocks.units.events();
        let address = Some(IpAddr::from([192, 0, 2, 7]));
        let result = mocks.build().refresh(&token_of(&a_session()), address).await;
        assert!(matches!(result, Err(ApplicationError::InvalidRefreshToken)));
        let reused = What::RefreshTokenReused { user: a_user().id, session: a_session().id };
        assert!(matches!(&events.lock().unwrap()[..], [event] if event.what == reused && event.address == address));
    }

    #[tokio::test]
    async fn an_old_token_after_the_clock_was_set_back_revokes_the_session() {
        let mut mocks = storing(rotated(-6));
        mocks.units([a_revoking_unit(RevocationReason::Reuse)]);
        let result = mocks.build().refresh(&token_of(&a_session()), None).await;
        assert!(matches!(result, Err(ApplicationError::InvalidRefreshToken)), "{result:?}");
    }

    #[tokio::test]
    async fn the_loser_of_a_race_that_was_held_up_for_long_gets_the_winners_child() {
        let pair = losing_to(rotated(-60)).build().refresh(&token_of(&a_session()), None).await.unwrap();
        assert_eq!(pair.refresh_token.expose(), token_of(&rotated(0)));
    }

    #[tokio::test]
    async fn garbage_and_forgeries_are_refused_and_nothing_happens() {
        let result = Mocks::default().build().refresh("garbage", None).await;
        assert!(matches!(result, Err(ApplicationError::InvalidRefreshToken)));
        // A right id and generation, but another session's nonce: the tag is not ours.
        let forged = RefreshToken { nonce: Nonce::new([9; 16]), ..a_session() };
        let result = storing(rotated(60)).build().refresh(&token_of(&forged), None).await;
        assert!(matches!(result, Err(ApplicationError::InvalidRefreshToken)));
    }
}
