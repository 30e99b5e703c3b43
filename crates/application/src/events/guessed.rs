use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use domain::Timestamp;
use domain::users::UserId;

/// How long a wrong password at an account counts.
const WINDOW: TimeDelta = TimeDelta::minutes(10);
/// So many accounts in the window are more than people who mistype.
const ALARM: usize = 100;
/// Most accounts that are remembered. More tell no more.
const MAX_ACCOUNTS: usize = 10_000;

/// Accounts at which a wrong password came in of late, on this node. Whoever tries one password at many accounts stays
/// below the limits of each, and is seen here. Nothing is refused for it: a stranger could make it so for everybody.
#[derive(Debug, Default)]
pub(crate) struct Guessed(Mutex<Accounts>);

#[derive(Debug, Default)]
struct Accounts {
    last_at: HashMap<UserId, Timestamp>,
    alarmed_at: Option<Timestamp>,
}

impl Guessed {
    /// Notes a wrong password. Returns how many accounts there are when that becomes alarming, once per window.
    pub(crate) fn note(&self, user: UserId, now: Timestamp) -> Option<usize> {
        let mut accounts = self.lock();
        accounts.forget(now);
        if accounts.last_at.len() < MAX_ACCOUNTS {
            accounts.last_at.insert(user, now);
        }
        let count = accounts.last_at.len();
        let is_told = accounts.alarmed_at.is_some_and(|at| now - at < WINDOW);
        if count < ALARM || is_told {
            return None;
        }
        accounts.alarmed_at = Some(now);
        Some(count)
    }

    /// How many accounts there are now.
    pub(crate) fn count(&self, now: Timestamp) -> usize {
        let mut accounts = self.lock();
        accounts.forget(now);
        accounts.last_at.len()
    }

    fn lock(&self) -> MutexGuard<'_, Accounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Accounts {
    fn forget(&mut self, now: Timestamp) {
        self.last_at.retain(|_, at| now - *at < WINDOW);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::testing::now;

    fn user(number: usize) -> UserId {
        UserId::new(Uuid::from_u128(number as u128))
    }

    #[test]
    fn many_accounts_are_alarming_once_and_one_account_never_is() {
        let guessed = Guessed::default();
        for _ in 0..1_000 {
            assert_eq!(guessed.note(user(0), now()), None);
        }
        let alarms: Vec<_> = (0..300).filter_map(|number| guessed.note(user(number), now())).collect();
        assert_eq!((alarms, guessed.count(now())), (vec![ALARM], 300));
        let later = now() + WINDOW;
        assert_eq!(guessed.count(later), 0);
        assert_eq!((0..300).filter_map(|number| guessed.note(user(number), later)).count(), 1);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let guessed = Guessed::default();
        for number in 0..MAX_ACCOUNTS + 10 {
            guessed.note(user(number), now());
        }
        assert_eq!(guessed.count(now()), MAX_ACCOUNTS);
    }
}
