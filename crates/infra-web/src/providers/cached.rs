use std::sync::Arc;
use std::time::Duration;

use domain::providers::ProviderError;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::fetch::FetchError;

/// After this long it is asked for again.
const MAX_AGE: Duration = Duration::from_secs(3600);
/// After a failure it is asked for again no sooner.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// It is asked for again no sooner where somebody else's word makes it look old.
const REFETCH_AFTER: Duration = Duration::from_secs(60);

/// Something that a provider publishes. One asks for it at a time, and the others wait for the same.
pub(super) struct Cached<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    value: Option<(Arc<T>, Instant)>,
    failed_at: Option<Instant>,
    refetched_at: Option<Instant>,
}

impl<T> Cached<T> {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State { value: None, failed_at: None, refetched_at: None }) }
    }

    /// It, as it was published within the last hour, or longer ago if the provider is away now.
    pub(super) async fn get(
        &self,
        fetch: impl AsyncFnOnce() -> Result<T, FetchError>,
    ) -> Result<Arc<T>, ProviderError> {
        let mut state = self.state.lock().await;
        match &state.value {
            Some((value, at)) if at.elapsed() < MAX_AGE => Ok(Arc::clone(value)),
            _ => state.renew(fetch).await,
        }
    }

    /// It, as it is published now, if `seen` is what there is and nobody has asked in this way within the last minute:
    /// who wants it may be anyone.
    pub(super) async fn newer_than(
        &self,
        seen: Arc<T>,
        fetch: impl AsyncFnOnce() -> Result<T, FetchError>,
    ) -> Result<Arc<T>, ProviderError> {
        let mut state = self.state.lock().await;
        if let Some((value, _)) = state.value.as_ref().filter(|(value, _)| !Arc::ptr_eq(value, &seen)) {
            return Ok(Arc::clone(value));
        }
        if state.refetched_at.is_some_and(|at| at.elapsed() < REFETCH_AFTER) {
            return Ok(seen);
        }
        state.refetched_at = Some(Instant::now());
        state.renew(fetch).await
    }
}

impl<T> State<T> {
    async fn renew(&mut self, fetch: impl AsyncFnOnce() -> Result<T, FetchError>) -> Result<Arc<T>, ProviderError> {
        // Those who waited for this failure do not wait for another.
        let has_just_failed = self.failed_at.is_some_and(|at| at.elapsed() < RETRY_AFTER);
        let fetched = if has_just_failed { Err(FetchError::JustFailed) } else { fetch().await };
        match (fetched, &self.value) {
            (Ok(value), _) => {
                let value = Arc::new(value);
                self.value = Some((Arc::clone(&value), Instant::now()));
                Ok(value)
            }
            (Err(error), known) => {
                if !has_just_failed {
                    self.failed_at = Some(Instant::now());
                }
                known.as_ref().map(|(value, _)| Arc::clone(value)).ok_or(ProviderError::Unavailable(error.into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts how often it is fetched, and fails while it is told to.
    #[derive(Default)]
    struct Source {
        fetched: AtomicUsize,
        is_away: std::sync::atomic::AtomicBool,
    }

    impl Source {
        async fn fetch(&self) -> Result<usize, FetchError> {
            let count = self.fetched.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
            if self.is_away.load(Ordering::SeqCst) { Err(FetchError::TimedOut) } else { Ok(count) }
        }

        fn count(&self) -> usize {
            self.fetched.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_fetched_once_for_all_and_again_after_an_hour() {
        let (source, cached) = (Arc::new(Source::default()), Arc::new(Cached::new()));
        let asking = (0..20).map(|_| {
            let (source, cached) = (Arc::clone(&source), Arc::clone(&cached));
            tokio::spawn(async move { *cached.get(async || source.fetch().await).await.unwrap() })
        });
        for asked in asking.collect::<Vec<_>>() {
            assert_eq!(asked.await.unwrap(), 1);
        }
        tokio::time::advance(MAX_AGE).await;
        assert_eq!(*cached.get(async || source.fetch().await).await.unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_have_it_fetched_once_a_minute() {
        let (source, cached) = (Source::default(), Cached::new());
        let first = cached.get(async || source.fetch().await).await.unwrap();
        for _ in 0..1000 {
            let newer = cached.newer_than(Arc::clone(&first), async || source.fetch().await).await.unwrap();
            let newest = cached.newer_than(newer, async || source.fetch().await).await.unwrap();
            assert_eq!(*newest, 2);
        }
        assert_eq!(source.count(), 2);
        tokio::time::advance(REFETCH_AFTER).await;
        let seen = cached.get(async || source.fetch().await).await.unwrap();
        assert_eq!(*cached.newer_than(seen, async || source.fetch().await).await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_is_away_is_asked_once_a_second_and_is_back_by_itself() {
        let (source, cached) = (Source::default(), Cached::new());
        source.is_away.store(true, Ordering::SeqCst);
        for _ in 0..10 {
            assert!(cached.get(async || source.fetch().await).await.is_err());
        }
        assert_eq!(source.count(), 1);
        source.is_away.store(false, Ordering::SeqCst);
        tokio::time::advance(RETRY_AFTER).await;
        assert!(cached.get(async || source.fetch().await).await.is_ok());
        // What is known stays good while it is away.
        source.is_away.store(true, Ordering::SeqCst);
        tokio::time::advance(MAX_AGE).await;
        assert!(cached.get(async || source.fetch().await).await.is_ok());
    }
}
