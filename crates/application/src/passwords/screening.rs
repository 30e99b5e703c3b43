use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use domain::passwords::{
    BreachedListUnavailable, BreachedPasswords, Findings, OwnWords, Password, PasswordPolicy, StrengthMeter,
};

/// What is required of a password that somebody chooses, and who finds out about it.
#[derive(Clone)]
pub struct Screening {
    /// The requirements.
    pub policy: PasswordPolicy,
    /// Tells how hard a password is to guess.
    pub meter: Arc<dyn StrengthMeter>,
    /// Knows passwords that became known. `None` where no list is asked.
    pub breached: Option<Arc<dyn BreachedPasswords>>,
    /// What the service calls itself, which many would take for a password.
    pub app_name: String,
    /// How often the list could not be asked.
    pub outages: Outages,
}

impl Screening {
    /// Finds out what the policy asks for. It takes about as long as a hash and, with a list on another machine, up to
    /// a second more: call it with a place at the hasher, and without a connection to the database.
    pub(crate) async fn examine(&self, typed: &Password, words: OwnWords) -> Findings {
        let words = words.and(&self.app_name);
        let (has_own_name, strength) = (words.are_in(typed), self.meter.measure(typed, &words).await);
        let mut found = Findings { has_own_name, strength, is_breached: false };
        // Nobody has to hear of a password that is refused anyway.
        if self.policy.judge(typed, &found).is_ok() {
            found.is_breached = self.is_breached(typed).await;
        }
        found
    }

    /// A list that cannot be asked keeps nobody from choosing a password.
    async fn is_breached(&self, typed: &Password) -> bool {
        let Some(list) = &self.breached else { return false };
        let result = list.contains(typed).await;
        self.outages.note(result.as_ref().err());
        result.unwrap_or(false)
    }
}

/// How often the list of breached passwords could not be asked since the node started. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Outages(Arc<State>);

#[derive(Debug, Default)]
struct State {
    count: AtomicU64,
    is_away: AtomicBool,
}

impl Outages {
    /// Passwords that were not looked for.
    pub fn count(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }

    /// Logs when an outage begins and when it is over.
    fn note(&self, error: Option<&BreachedListUnavailable>) {
        let was_away = self.0.is_away.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) => {
                self.0.count.fetch_add(1, Ordering::Relaxed);
                if !was_away {
                    tracing::warn!(error = %error.0, "breached passwords cannot be looked for, and are taken");
                }
            }
            None if was_away => tracing::info!("breached passwords are looked for again"),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::passwords::{MockBreachedPasswords, MockStrengthMeter, Score, Strength};

    use super::*;
    use crate::testing::password;

    fn screening(score: u8, breached: Option<MockBreachedPasswords>) -> Screening {
        let mut meter = MockStrengthMeter::new();
        meter
            .expect_measure()
            .withf(|_, words| words.iter().any(|word| word == "example"))
            .returning(move |_, _| Strength { score: Score::new(score), advice: Vec::new() });
        Screening {
            policy: PasswordPolicy::default(),
            meter: Arc::new(meter),
            breached: breached.map(|list| Arc::new(list) as Arc<dyn BreachedPasswords>),
            app_name: "Example Service".to_owned(),
            outages: Outages::default(),
        }
    }

    async fn is_breached(screening: &Screening) -> bool {
        screening.examine(&password(), OwnWords::default()).await.is_breached
    }

    #[tokio::test]
    async fn a_password_on_the_list_is_breached_and_one_that_is_not_is_taken() {
        for is_listed in [true, false] {
            let mut list = MockBreachedPasswords::new();
            list.expect_contains().times(1).returning(move |_| Ok(is_listed));
            assert_eq!(is_breached(&screening(4, Some(list))).await, is_listed);
        }
        assert!(!is_breached(&screening(4, None)).await);
    }

    #[tokio::test]
    async fn the_list_does_not_hear_of_a_password_that_is_refused_anyway() {
        assert!(!is_breached(&screening(2, Some(MockBreachedPasswords::new()))).await);
    }

    #[tokio::test]
    async fn a_list_that_cannot_be_asked_refuses_nothing_and_is_counted() {
        let mut list = MockBreachedPasswords::new();
        list.expect_contains().times(3).returning(|_| Err(BreachedListUnavailable("no answer".into())));
        let screening = screening(4, Some(list));
        for _ in 0..3 {
            assert!(!is_breached(&screening).await);
        }
        assert_eq!(screening.outages.count(), 3);
    }
}
