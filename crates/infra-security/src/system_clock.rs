use chrono::{SubsecRound, Utc};
use domain::{Clock, Timestamp};

/// The operating system's clock, in whole microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter that owns the clock")]
    fn now(&self) -> Timestamp {
        Utc::now().trunc_subsecs(6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_whole_microseconds_and_moves_on() {
        let first = SystemClock.now();
        assert_eq!(first.timestamp_subsec_nanos() % 1000, 0);
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(SystemClock.now() > first);
    }
}
