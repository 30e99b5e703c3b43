use domain::passwords::{OwnWords, Password, RefusedPassword, Strength};

use super::Passwords;
use crate::ApplicationError;

/// What would come of choosing a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordCheck {
    /// How strong it is, with advice.
    pub strength: Strength,
    /// Why it would be refused, if it would.
    pub refused: Option<RefusedPassword>,
}

impl Passwords {
    /// Tells anyone whether somebody with these words might choose this password, for a form that says so while they
    /// type. Nothing is kept.
    ///
    /// # Errors
    /// [`ApplicationError::Overloaded`].
    pub async fn check(&self, typed: &Password, words: OwnWords) -> Result<PasswordCheck, ApplicationError> {
        let _place = self.hashing.reserve()?;
        let found = self.screening.examine(typed, words).await;
        let refused = self.screening.policy.judge(typed, &found).err();
        Ok(PasswordCheck { strength: found.strength, refused })
    }
}

#[cfg(test)]
mod tests {
    use domain::passwords::Score;

    use super::*;
    use crate::passwords::testing::Mocks;
    use crate::testing::password;

    #[tokio::test]
    async fn it_says_what_choosing_the_password_would() {
        let check = Mocks::default().build().check(&password(), OwnWords::default()).await.unwrap();
        assert_eq!((check.strength.score, check.refused), (Score::MAX, None));
        let weak = Mocks::measuring(1).build().check(&password(), OwnWords::default()).await.unwrap();
        assert_eq!(weak.strength.score, Score::new(1));
        let refused = weak.refused.unwrap();
        assert_eq!((refused.fault.code, refused.advice), ("too_guessable", weak.strength.advice));
    }

    #[tokio::test]
    async fn without_a_place_at_the_hasher_nothing_is_measured() {
        let result = Mocks::overloaded().check(&password(), OwnWords::default()).await;
        assert!(matches!(result, Err(ApplicationError::Overloaded)));
    }
}
