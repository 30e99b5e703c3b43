use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Limits the time of one step after another by a single timer. A step that is done at once costs nothing, and one that
/// waits costs a look at the clock: the timer is moved when it fires or when it would fire too late.
pub(super) struct Watch {
    timer: Pin<Box<Sleep>>,
    deadline: Instant,
}

impl Watch {
    /// A watch that has nothing to watch yet.
    pub(super) fn new(first: Duration) -> Self {
        let timer = Box::pin(sleep(first));
        Self { deadline: timer.deadline(), timer }
    }

    /// What the step comes to, or `None` when it took longer than `limit`.
    pub(super) async fn within<F: Future>(&mut self, limit: Duration, step: F) -> Option<F::Output> {
        let mut step = pin!(step);
        let mut is_set = false;
        poll_fn(|context| {
            if let Poll::Ready(output) = step.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            if !is_set {
                self.set(Instant::now() + limit);
                is_set = true;
            }
            self.poll_elapsed(context).map(|()| None)
        })
        .await
    }

    fn set(&mut self, deadline: Instant) {
        self.deadline = deadline;
        if deadline < self.timer.deadline() {
            self.timer.as_mut().reset(deadline);
        }
    }

    fn poll_elapsed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= self.deadline {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(self.deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn each_step_has_its_own_limit() {
        let mut watch = Watch::new(Duration::from_millis(5));
        assert_eq!(watch.within(Duration::ZERO, async { 1 }).await, Some(1));
        // The timer fires first and is moved.
        assert_eq!(watch.within(Duration::from_secs(5), sleep(Duration::from_millis(30))).await, Some(()));
        // It is set far ahead, and moved back.
        let begun = Instant::now();
        for _ in 0..2 {
            assert_eq!(watch.within(Duration::from_millis(40), pending::<()>()).await, None);
        }
        assert!((80..1_000).contains(&begun.elapsed().as_millis()));
        let unlimited = watch.within(Duration::from_secs(60), pending::<()>());
        assert!(timeout(Duration::from_millis(60), unlimited).await.is_err());
    }
}
