use async_trait::async_trait;

use crate::passwords::{OwnWords, Password};

/// How hard a password is to guess: from 0, at once, to 4, not by all the computers of one who has its hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(u8);

impl Score {
    /// The highest.
    pub const MAX: Self = Self(4);

    /// This score. More than [`Score::MAX`] is that.
    pub const fn new(score: u8) -> Self {
        if score > Self::MAX.0 { Self::MAX } else { Self(score) }
    }

    /// From 0 to 4.
    pub const fn as_u8(self) -> u8 {
        self.0
    }
}

/// How strong a password is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strength {
    /// How hard it is to guess.
    pub score: Score,
    /// What makes it easy to guess, and what would be better: whole sentences in English for the person who chose it,
    /// without any part of the password.
    pub advice: Vec<String>,
}

/// Estimates how many guesses a password takes of somebody who knows what people choose, and who chose it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait StrengthMeter: Send + Sync {
    /// How strong the password is for somebody with these words. It MUST be computed off the threads that serve
    /// requests. The work MUST be bounded, whatever the password is. Each of the words MUST count as easy to guess. A
    /// password that cannot be measured MUST be the weakest there is. Nothing of it, and nothing that it matched, MUST
    /// be logged.
    async fn measure(&self, password: &Password, words: &OwnWords) -> Strength;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_at_most_4() {
        assert_eq!([0, 3, 4, 5, 255].map(|score| Score::new(score).as_u8()), [0, 3, 4, 4, 4]);
        assert!(Score::new(2) < Score::new(3));
    }
}
