use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Longer than any work takes whose end must tell nothing.
const FLOOR: Duration = Duration::from_millis(250);

/// Does `work`, and returns no sooner than a quarter of a second after it began. Whoever waits for it cannot tell by
/// the time whether there was much to do, such as for an address that is known, or nothing.
pub(crate) async fn evenly<T>(work: impl Future<Output = T>) -> T {
    let end = Instant::now() + FLOOR;
    let result = work.await;
    sleep_until(end).await;
    result
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn short_work_takes_as_long_as_none() {
        for work in [0, 1, 100, 249] {
            let begin = Instant::now();
            assert_eq!(
                evenly(async {
                    sleep(Duration::from_millis(work)).await;
                    work
                })
                .await,
                work
            );
            assert_eq!(begin.elapsed(), FLOOR, "{work}");
        }
    }
}
