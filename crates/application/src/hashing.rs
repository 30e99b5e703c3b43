use std::sync::Arc;
use std::time::Duration;

use domain::passwords::{HashError, HashPlace, PasswordHasher};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::ApplicationError;

/// The hasher, and the turns at the database of those who use it. Clones share them: make one for each node.
///
/// A storm of requests that hash a password must not take every connection from everybody else. Taking turns costs them
/// nothing, since their work at the database is far shorter than the hashing.
///
/// A use case that anybody may call and that hashes takes its place at the hasher before it asks the database for
/// anything: most of a storm is refused, and a refusal should cost next to nothing.
#[derive(Clone)]
pub struct Hashing {
    hasher: Arc<dyn PasswordHasher>,
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl Hashing {
    /// With turns for this many at a time. A turn that does not come within `patience` is given up.
    pub fn new(hasher: Arc<dyn PasswordHasher>, at_a_time: usize, patience: Duration) -> Self {
        Self { hasher, turns: Arc::new(Semaphore::new(at_a_time)), patience }
    }

    /// Takes a place at the hasher, without waiting.
    pub(crate) fn reserve(&self) -> Result<Box<dyn HashPlace>, HashError> {
        self.hasher.reserve()
    }

    /// Does `work` at the database when it is its turn.
    ///
    /// # Errors
    /// Those of `work`; [`ApplicationError::Unavailable`] when the turn does not come in time, which happens only when
    /// the database is slow.
    pub(crate) async fn in_turn<T, E>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, ApplicationError>
    where
        ApplicationError: From<E>,
    {
        let Ok(Ok(_turn)) = timeout(self.patience, self.turns.acquire()).await else {
            return Err(ApplicationError::Unavailable("sign-ins wait too long for their turn at the database".into()));
        };
        Ok(work.await?)
    }
}

#[cfg(test)]
mod tests {
    use domain::passwords::MockPasswordHasher;
    use tokio::sync::oneshot;

    use super::*;

    fn one_at_a_time() -> Hashing {
        Hashing::new(Arc::new(MockPasswordHasher::new()), 1, Duration::from_secs(3))
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_beyond_the_limit_waits_for_a_turn() {
        let hashing = one_at_a_time();
        let (end, ended) = oneshot::channel();
        let mut first = Box::pin(hashing.in_turn(async { Ok::<_, ApplicationError>(ended.await.unwrap()) }));
        assert!(timeout(Duration::ZERO, &mut first).await.is_err());
        let mut second = Box::pin(hashing.in_turn(async { Ok::<_, ApplicationError>(2) }));
        assert!(timeout(Duration::from_secs(1), &mut second).await.is_err());
        end.send(1).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_a_turn_is_refused_without_having_had_one() {
        let hashing = one_at_a_time();
        let mut first = Box::pin(hashing.in_turn(std::future::pending::<Result<(), ApplicationError>>()));
        assert!(timeout(Duration::ZERO, &mut first).await.is_err());
        let second = async { unreachable!("it is not its turn") };
        let second = hashing.in_turn::<(), ApplicationError>(second);
        assert!(matches!(second.await, Err(ApplicationError::Unavailable(_))));
    }
}
