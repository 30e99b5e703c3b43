use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::Whose;

/// Accounts share this many lines.
const LINES: usize = 64;

/// Attempts in one line that are looked at, at a time.
const AT_A_TIME: usize = 2;

/// The lines in which attempts wait for each other: those at one account stand in the same.
///
/// An attempt counts as wrong until its secret was looked at. Many right ones at once would use up the budget of their
/// account if they did not wait. Clones share the lines: make one for each node.
#[derive(Clone)]
pub struct Lines {
    lines: Arc<[Semaphore]>,
    hasher: RandomState,
}

/// The first places of a line. It moves on when this is dropped.
#[must_use]
pub(crate) struct Line<'a> {
    _place: Option<SemaphorePermit<'a>>,
}

impl Lines {
    /// Waits until it is the turn of an attempt at this account. Keep the place until the secret was looked at. The
    /// wait is bounded by the places at the hasher: whoever waits has taken one.
    pub(crate) async fn wait(&self, whose: Whose<'_>) -> Line<'_> {
        let number = match whose {
            Whose::User(id) => self.hasher.hash_one(id),
            Whose::Nobody(name) => self.hasher.hash_one(name),
        };
        let line = &self.lines[usize::try_from(number % LINES as u64).unwrap_or_default()];
        // It is never closed.
        Line { _place: line.acquire().await.ok() }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self { lines: (0..LINES).map(|_| Semaphore::new(AT_A_TIME)).collect(), hasher: RandomState::new() }
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::users::UserId;
    use tokio::time::timeout;
    use uuid::Uuid;

    use super::*;

    async fn waits(lines: &Lines, whose: Whose<'_>) -> bool {
        timeout(Duration::from_secs(1), lines.wait(whose)).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_at_one_account_wait_for_each_other_and_for_no_others() {
        let lines = Lines::default();
        let ada = Whose::User(UserId::new(Uuid::from_u128(1)));
        let (first, second) = (lines.wait(ada).await, lines.wait(ada).await);
        assert!(waits(&lines, ada).await);
        let mut free = 0;
        for number in 2..202 {
            let other = UserId::new(Uuid::from_u128(number)).to_string();
            free += u8::from(!waits(&lines, Whose::Nobody(&other)).await);
        }
        assert!(free > 150, "{free}");
        drop(first);
        assert!(!waits(&lines, ada).await);
        drop(second);
    }
}
