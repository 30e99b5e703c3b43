//! What changes how somebody gets in needs a recent proof of who they are.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::Timestamp;
use domain::factors::FactorKind;
use domain::sessions::{Authentication, RefreshTokenRepository};

use crate::second_factors::SecondFactors;
use crate::{Actor, ApplicationError};

/// Finds out whether actors have proven lately who they are. It is a part of the services that ask for it. Where a unit
/// of work is about factors, `begin_proven` in `acting.rs` asks.
#[derive(Clone)]
pub struct Sudo {
    /// Sessions, which know when and how.
    pub refresh_tokens: Arc<dyn RefreshTokenRepository>,
    /// Knows who has a second factor.
    pub second_factors: SecondFactors,
    /// How old a proof may be.
    pub window: TimeDelta,
}

impl Sudo {
    /// Rejects an actor whose last proof is too old, or was not by a second factor where they have one. The password
    /// that comes with a request is a proof as good as any for whoever has none.
    ///
    /// Call it before the password is compared: whoever only holds a token must not find out by it whether they guessed
    /// right. A factor that is added afterwards ends the actor, so that the unit of work that follows need not ask
    /// again.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`]; [`ApplicationError::InvalidAccessToken`] when the session is gone;
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn require(
        &self,
        actor: &Actor,
        has_password: bool,
        brings_password: bool,
    ) -> Result<(), ApplicationError> {
        let second = self.second_factors.kinds(actor.user_id).await?;
        if brings_password && second.is_empty() {
            return Ok(());
        }
        let found = self.refresh_tokens.find_with_user(actor.session).await?;
        let (session, _) = found.ok_or(ApplicationError::InvalidAccessToken)?;
        if is_proven(session.authentication, &second, self.window, self.second_factors.clock.now()) {
            return Ok(());
        }
        Err(ApplicationError::StepUpRequired { factors: strongest(second, has_password) })
    }
}

/// The rule: the last proof is at most `window` old, and a second factor is a part of it where there is one.
pub(crate) fn is_proven(
    authentication: Authentication,
    second: &[FactorKind],
    window: TimeDelta,
    now: Timestamp,
) -> bool {
    let is_strong = second.is_empty() || authentication.methods.has_second_factor();
    is_strong && authentication.is_recent(window, now)
}

/// By what somebody proves again who they are: by their second factors, else by their password, else by nothing but
/// signing in.
pub(crate) fn strongest(second: Vec<FactorKind>, has_password: bool) -> Vec<FactorKind> {
    if second.is_empty() && has_password { vec![FactorKind::Password] } else { second }
}

#[cfg(test)]
mod tests {
    use domain::sessions::{Method, Methods, MockRefreshTokenRepository, RefreshToken};

    use super::*;
    use crate::factors::testing as factors;
    use crate::testing::{a_session, a_user, an_actor, now};

    /// What is said to an actor who proved so long ago by these methods who they are.
    async fn said(methods: Methods, ago: TimeDelta, has_factor: bool, brings_password: bool) -> String {
        let mut refresh_tokens = MockRefreshTokenRepository::new();
        let session = RefreshToken { authentication: Authentication { at: now() - ago, methods }, ..a_session() };
        refresh_tokens.expect_find_with_user().returning(move |_| Ok(Some((session.clone(), a_user()))));
        let second_factors = if has_factor { factors::Mocks::one() } else { factors::Mocks::none() }.build();
        let sudo = Sudo { refresh_tokens: Arc::new(refresh_tokens), second_factors, window: TimeDelta::minutes(10) };
        match sudo.require(&an_actor(), true, brings_password).await {
            Ok(()) => "ok".to_owned(),
            Err(ApplicationError::StepUpRequired { factors }) => factors[0].as_str().to_owned(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[tokio::test]
    async fn the_strongest_factor_there_is_is_asked_for_within_the_window() {
        let (password, window) = (Methods::only(Method::Password), TimeDelta::minutes(10));
        let (both, late) = (password.and(Method::Totp), window + TimeDelta::seconds(1));
        for (methods, ago, has_factor, brings_password, expected) in [
            // Nothing more is asked of whoever has no factor and brings their password.
            (password, late, false, true, "ok"),
            (password, window, false, false, "ok"),
            (password, late, false, false, "password"),
            (both, window, true, true, "ok"),
            (both, window, true, false, "ok"),
            (both, late, true, true, "totp"),
            (password, TimeDelta::zero(), true, true, "totp"),
            (password, TimeDelta::zero(), true, false, "totp"),
        ] {
            let said = said(methods, ago, has_factor, brings_password).await;
            assert_eq!(said, expected, "{methods:?} {ago} {has_factor} {brings_password}");
        }
    }
}
