use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::{Application, ApplicationError};

/// Limits how many requests that hash a password use the database at a time.
///
/// A storm of them must not take every connection from everybody else. And since what they do there is far shorter than
/// the hashing, it costs them nothing.
///
/// A use case that anybody may call and that hashes takes its place at the hasher before it asks the database for
/// anything: most of a storm is refused, and a refusal is to cost next to nothing.
#[derive(Clone, Debug)]
pub(crate) struct SignInTurns {
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl SignInTurns {
    /// For so many at a time. A turn that does not come within `patience` is not waited for any more.
    pub(crate) fn new(at_a_time: usize, patience: Duration) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_a_time)), patience }
    }
}

impl Application {
    /// Does `work` at the database when it is its turn.
    ///
    /// # Errors
    /// Those of `work`; [`ApplicationError::Unavailable`] when the turn does not come in time, which it does unless the
    /// database is slow.
    pub(crate) async fn in_turn<T, E>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, ApplicationError>
    where
        ApplicationError: From<E>,
    {
        let SignInTurns { turns, patience } = &self.sign_in_turns;
        let Ok(Ok(_turn)) = timeout(*patience, turns.acquire()).await else {
            return Err(ApplicationError::Unavailable("sign-ins wait too long for their turn at the database".into()));
        };
        Ok(work.await?)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::Settings;
    use crate::testing::Mocks;

    fn one_at_a_time() -> Application {
        let settings = Settings { sign_in_connections: 1, ..Settings::default() };
        Mocks { settings, ..Mocks::default() }.build()
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_beyond_the_limit_waits_for_a_turn() {
        let application = one_at_a_time();
        let (end, ended) = oneshot::channel();
        let mut first = Box::pin(application.in_turn(async { Ok::<_, ApplicationError>(ended.await.unwrap()) }));
        assert!(timeout(Duration::ZERO, &mut first).await.is_err());
        let mut second = Box::pin(application.in_turn(async { Ok::<_, ApplicationError>(2) }));
        assert!(timeout(Duration::from_secs(1), &mut second).await.is_err());
        end.send(1).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_a_turn_is_refused_without_having_had_one() {
        let application = one_at_a_time();
        let mut first = Box::pin(application.in_turn(std::future::pending::<Result<(), ApplicationError>>()));
        assert!(timeout(Duration::ZERO, &mut first).await.is_err());
        let second = async { unreachable!("it is not its turn") };
        let second = application.in_turn::<(), ApplicationError>(second);
        assert!(matches!(second.await, Err(ApplicationError::Unavailable(_))));
    }
}
