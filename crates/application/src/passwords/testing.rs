use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use chrono::TimeDelta;
use domain::passwords::{
    MockHashPlace, MockPasswordRepository, MockStrengthMeter, PasswordPolicy, Score, Strength, Verification,
};
use domain::sessions::MockRefreshTokenRepository;
use domain::units::{MockAccountUnit, MockUnits};

use domain::users::MockUserRepository;

use super::{Outages, Passwords, Screening};
use crate::attempts::testing as attempts;
use crate::factors::testing as factors;
use crate::one_time_tokens::testing as one_time_tokens;
use crate::sudo::Sudo;
use crate::testing::{a_hash, a_user, access_tokens, clock, hashing, journal};

pub(crate) struct Mocks {
    pub(crate) users: MockUserRepository,
    pub(crate) attempts: attempts::Mocks,
    pub(crate) one_time_tokens: one_time_tokens::Mocks,
    pub(crate) passwords: MockPasswordRepository,
    pub(crate) hash_place: Option<MockHashPlace>,
    /// How strong every password is.
    pub(crate) score: Score,
    /// What second factors there are.
    pub(crate) factors: factors::Mocks,
    /// The sessions that are asked for proofs.
    pub(crate) sessions: MockRefreshTokenRepository,
    pub(crate) units: MockUnits<MockAccountUnit>,
}

impl Default for Mocks {
    fn default() -> Self {
        Self {
            users: MockUserRepository::new(),
            attempts: attempts::Mocks::taking_all(),
            one_time_tokens: one_time_tokens::Mocks::default(),
            passwords: MockPasswordRepository::new(),
            hash_place: Some(MockHashPlace::new()),
            score: Score::MAX,
            factors: factors::Mocks::none(),
            sessions: MockRefreshTokenRepository::new(),
            units: MockUnits::default(),
        }
    }
}

impl Mocks {
    /// An actor is [`a_user`] with [`a_hash`], and asked for the password once: this is the outcome.
    pub(crate) fn confirming(verification: Verification) -> Self {
        let mut mocks = Self::default();
        mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((a_user(), Some(a_hash())))));
        mocks.hashing().expect_verify().times(1).returning(move |_, _| Ok(verification));
        // For the record that it was wrong.
        if verification == Verification::Mismatch {
            mocks.units([MockAccountUnit::default()]);
        }
        mocks
    }

    /// The place at the hasher.
    pub(crate) fn hashing(&mut self) -> &mut MockHashPlace {
        self.hash_place.get_or_insert_default()
    }

    /// Every password is as strong as this.
    pub(crate) fn measuring(score: u8) -> Self {
        Self { score: Score::new(score), ..Self::default() }
    }

    /// All places at the hasher are taken.
    pub(crate) fn overloaded() -> Passwords {
        Self { hash_place: None, ..Self::default() }.build()
    }

    /// Expects these units of work, and counts their commits.
    pub(crate) fn units(&mut self, units: impl IntoIterator<Item = MockAccountUnit>) -> Arc<AtomicUsize> {
        self.units = MockUnits::new(units);
        self.units.commits()
    }

    pub(crate) fn build(self) -> Passwords {
        Passwords {
            users: Arc::new(self.users),
            attempts: self.attempts.build(),
            one_time_tokens: self.one_time_tokens.build(),
            passwords: Arc::new(self.passwords),
            units: Arc::new(self.units),
            hashing: hashing(self.hash_place),
            clock: clock(),
            journal: journal(Arc::new(access_tokens())),
            screening: screening(self.score),
            sudo: Sudo {
                refresh_tokens: Arc::new(self.sessions),
                second_factors: self.factors.build(),
                window: TimeDelta::minutes(10),
            },
        }
    }
}

/// A service with the usual policy. No list is asked.
fn screening(score: Score) -> Screening {
    let mut meter = MockStrengthMeter::new();
    let advice = vec!["Add another word or two.".to_owned()];
    meter.expect_measure().returning(move |_, _| Strength { score, advice: advice.clone() });
    Screening {
        policy: PasswordPolicy::default(),
        meter: Arc::new(meter),
        breached: None,
        app_name: "Hexauth".to_owned(),
        outages: Outages::default(),
    }
}
