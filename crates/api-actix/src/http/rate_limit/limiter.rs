use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{Quota, RateLimiter};

use super::recent_clients::{ClientKey, RecentClients};
use crate::http::allowance::Allowance;

/// Allows each client some requests per minute: this many at once, and then one more whenever its share of the minute
/// has passed.
#[derive(Debug)]
pub(crate) struct Limiter<C: Clock = DefaultClock> {
    per_minute: NonZeroU32,
    clients: RateLimiter<ClientKey, RecentClients, C, StateInformationMiddleware>,
}

impl Limiter {
    pub(crate) fn new(per_minute: NonZeroU32) -> Self {
        Self::with_clock(per_minute, DefaultClock::default())
    }
}

impl<C: Clock> Limiter<C> {
    fn with_clock(per_minute: NonZeroU32, clock: C) -> Self {
        let clients = RateLimiter::new(Quota::per_minute(per_minute), RecentClients::default(), clock);
        Self { per_minute, clients }
    }

    /// Counts a request. `Err` refuses it, and then it is not counted.
    pub(crate) fn check(&self, client: Option<IpAddr>) -> Result<Allowance, Allowance> {
        let limit = self.per_minute.get();
        match self.clients.check_key(&client.into()) {
            Ok(state) => {
                let reset = whole_seconds(state.quota().replenish_interval());
                Ok(Allowance { limit, remaining: state.remaining_burst_capacity(), reset })
            }
            Err(until) => {
                let reset = whole_seconds(until.wait_time_from(self.clients.clock().now()));
                Err(Allowance { limit, remaining: 0, reset })
            }
        }
    }
}

/// Rounded up, so that a client that waits this long has waited long enough.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const CLIENT: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));

    fn limiter(per_minute: u32) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limiter::with_clock(NonZeroU32::new(per_minute).unwrap(), clock.clone()), clock)
    }

    #[test]
    fn so_many_are_let_in_at_once_and_then_one_each_part_of_a_minute() {
        let (limiter, clock) = limiter(5);
        for remaining in (0..5).rev() {
            assert_eq!(limiter.check(CLIENT), Ok(Allowance { limit: 5, remaining, reset: 12 }));
        }
        let refused = |reset| Err(Allowance { limit: 5, remaining: 0, reset });
        assert_eq!(limiter.check(CLIENT), refused(12));
        assert_eq!(limiter.check(None).map(|allowance| allowance.remaining), Ok(4), "others are not concerned");
        clock.advance(Duration::from_millis(10_500));
        assert_eq!(limiter.check(CLIENT), refused(2));
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(limiter.check(CLIENT), Ok(Allowance { limit: 5, remaining: 0, reset: 12 }));
        assert_eq!(limiter.check(CLIENT), refused(12));
        clock.advance(Duration::from_secs(60));
        assert_eq!(limiter.check(CLIENT).map(|allowance| allowance.remaining), Ok(4));
    }

    #[test]
    fn who_waits_as_told_is_let_in() {
        for per_minute in [1, 3, 7, 10, 59, 60, 61, 10_000] {
            let (limiter, clock) = limiter(per_minute);
            for step in 0..1_000 {
                clock.advance(Duration::from_millis(step % 7));
                if let Err(allowance) = limiter.check(CLIENT) {
                    assert!((1..=60).contains(&allowance.reset));
                    clock.advance(Duration::from_secs(allowance.reset));
                    assert!(limiter.check(CLIENT).is_ok(), "{per_minute} a minute, step {step}");
                }
            }
        }
    }
}
