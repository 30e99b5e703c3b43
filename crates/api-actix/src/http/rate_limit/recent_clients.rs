use std::collections::HashMap;
use std::mem;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use governor::nanos::Nanos;
use governor::state::StateStore;

/// Most clients of a generation. Both generations together take about 3 MiB.
const GENERATION: usize = 50_000;

/// The client for whom requests are counted: an IPv4 address, or a network of IPv6, since anyone who has one address
/// there has 2^64. All clients without an address count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClientKey {
    V4([u8; 4]),
    V6Network([u8; 8]),
    Unknown,
}

impl From<Option<IpAddr>> for ClientKey {
    fn from(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Self::V4(address.octets()),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6Network([a, b, c, d, e, f, g, h])
            }
            None => Self::Unknown,
        }
    }
}

/// What `governor` keeps about each client, for the clients seen last: at least 50,000 and at most 100,000.
///
/// When there are more, those not seen for longest are forgotten, which gives them their whole limit again. Nobody is
/// refused because of others. And a flood gains nothing by it: anyone who has the 50,000 addresses that it takes to be
/// forgotten may send more with them, within their limits, than a node can serve.
#[derive(Debug, Default)]
pub(crate) struct RecentClients(Mutex<Generations>);

/// A client that is seen goes to the current generation. When that is full, the previous one is dropped.
#[derive(Debug, Default)]
struct Generations {
    current: HashMap<ClientKey, Nanos>,
    before: HashMap<ClientKey, Nanos>,
}

impl Generations {
    fn get(&self, client: &ClientKey) -> Option<Nanos> {
        self.current.get(client).or_else(|| self.before.get(client)).copied()
    }

    fn put(&mut self, client: ClientKey, state: Nanos) {
        if self.current.len() >= GENERATION && !self.current.contains_key(&client) {
            mem::swap(&mut self.current, &mut self.before);
            self.current.clear();
        }
        self.current.insert(client, state);
    }
}

impl RecentClients {
    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for RecentClients {
    type Key = ClientKey;

    fn measure_and_replace<T, F, E>(&self, client: &ClientKey, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut generations = self.lock();
        let state = generations.get(client);
        let decision = decide(state);
        // A client that is refused has also been seen.
        if let Some(state) = decision.as_ref().ok().map(|(_, next)| *next).or(state) {
            generations.put(*client, state);
        }
        decision.map(|(answer, _)| answer)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const ONE: Nanos = Nanos::new(1);

    fn count(store: &RecentClients, client: ClientKey) -> Option<Nanos> {
        store.measure_and_replace(&client, |state| Ok::<_, ()>((state, state.unwrap_or_default() + ONE))).unwrap()
    }

    fn v4(number: u32) -> ClientKey {
        Some(IpAddr::V4(Ipv4Addr::from_bits(number))).into()
    }

    fn v6(number: u64) -> ClientKey {
        Some(IpAddr::V6(Ipv6Addr::from_bits(u128::from(number) << 64 | 7))).into()
    }

    #[test]
    fn a_million_addresses_take_no_more_room_than_a_hundred_thousand() {
        let store = RecentClients::default();
        for number in 1..=500_000 {
            count(&store, v4(number));
            count(&store, v6(u64::from(number) << 20));
            let generations = store.lock();
            assert!(generations.current.len() <= GENERATION && generations.before.len() <= GENERATION);
            assert!(generations.current.capacity() + generations.before.capacity() < 3 * GENERATION);
        }
        let row = size_of::<(ClientKey, Nanos)>();
        assert!(row <= 24, "{row}");
    }

    #[test]
    fn the_clients_seen_last_are_remembered() {
        let store = RecentClients::default();
        let last = u32::try_from(GENERATION).unwrap();
        for number in 0..10 * last {
            assert_eq!(count(&store, v4(number)), None);
            let seen_before = number.checked_sub(last - 1).map(v4);
            assert!(seen_before.is_none_or(|client| store.lock().get(&client).is_some()));
        }
    }

    #[test]
    fn who_goes_on_is_not_forgotten_for_the_others_not_even_while_refused() {
        let store = RecentClients::default();
        count(&store, v4(0));
        for number in 1..=500_000 {
            count(&store, v4(number));
            if number % 40_000 == 0 {
                let refused = store.measure_and_replace(&v4(0), Err::<((), Nanos), _>);
                assert_eq!(refused, Err(Some(ONE)), "{number}");
            }
        }
    }

    #[test]
    fn an_ipv6_network_is_one_client_and_ipv4_within_ipv6_is_ipv4() {
        let key = |text: &str| ClientKey::from(Some(text.parse::<IpAddr>().unwrap()));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::2"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_ne!(ClientKey::from(None), key("0.0.0.0"));
    }
}
