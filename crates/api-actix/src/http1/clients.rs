use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::config::Proxies;
use crate::http::ClientKey;

/// How long a refused connection stays open and unread: if it were closed at once, its client would be back at once.
const HOLD: Duration = Duration::from_secs(1);
/// How often it is logged that a client has all the connections it may have.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// How many connections each client has. Trusted proxies, which speak for many, may have any number.
pub(super) struct Clients {
    most: usize,
    /// Most refused connections that are held at a time.
    most_held: usize,
    proxies: Proxies,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    connections: HashMap<ClientKey, usize>,
    held: usize,
    logged_at: Option<Instant>,
}

/// A connection that was accepted. It counts until this is dropped.
pub(super) struct Place {
    /// The other end.
    pub(super) peer: SocketAddr,
    counted: Option<(Arc<Clients>, ClientKey)>,
}

/// A refused connection that is held. It counts until this is dropped.
struct Held(Arc<Clients>);

impl Clients {
    /// At most `per_client` for each, and never more than half of `all`, so that one client alone locks nobody out: its
    /// refused connections that are held take at most another quarter.
    pub(super) fn new(per_client: usize, all: usize, proxies: Proxies) -> Self {
        Self { most: per_client.min(all / 2).max(1), most_held: all / 4, proxies, open: Mutex::default() }
    }

    /// Keeps a refused connection for a while, and closes it.
    pub(super) async fn refuse(self: &Arc<Self>, stream: TcpStream) {
        let held = self.hold();
        if held.is_some() {
            sleep(HOLD).await;
        }
        drop(stream);
    }

    fn hold(self: &Arc<Self>) -> Option<Held> {
        let mut open = self.open();
        if open.held >= self.most_held {
            return None;
        }
        open.held += 1;
        Some(Held(Arc::clone(self)))
    }

    /// `None` refuses the connection.
    pub(super) fn admit(self: &Arc<Self>, stream: &TcpStream) -> Option<Place> {
        // A connection that is already gone has no address.
        self.admit_peer(stream.peer_addr().ok()?)
    }

    fn admit_peer(self: &Arc<Self>, peer: SocketAddr) -> Option<Place> {
        let address = peer.ip().to_canonical();
        if self.proxies.trust(address) {
            return Some(Place { peer, counted: None });
        }
        let key = ClientKey::from(Some(address));
        let mut open = self.open();
        let count = open.connections.entry(key).or_default();
        if *count >= self.most {
            open.log_refusal(self.most, peer);
            return None;
        }
        *count += 1;
        Some(Place { peer, counted: Some((Arc::clone(self), key)) })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn log_refusal(&mut self, most: usize, peer: SocketAddr) {
        if self.logged_at.is_none_or(|at| at.elapsed() > LOG_INTERVAL) {
            self.logged_at = Some(Instant::now());
            tracing::warn!(most, client = %peer.ip(), "a client has the most connections it may have: others are closed");
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.open().held -= 1;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((clients, key)) = &self.counted else { return };
        let mut open = clients.open();
        if let Some(count) = open.connections.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                open.connections.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ForwardedHeader;

    fn clients(per_client: usize, all: usize) -> Arc<Clients> {
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        Arc::new(Clients::new(per_client, all, Proxies { trusted, header: ForwardedHeader::Either }))
    }

    fn from(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 40_000)
    }

    #[test]
    fn each_client_has_so_many_and_gets_back_what_it_closes() {
        let clients = clients(2, 100);
        let first = clients.admit_peer(from("192.0.2.1")).unwrap();
        let _second = clients.admit_peer(from("::ffff:192.0.2.1")).unwrap();
        assert!(clients.admit_peer(from("192.0.2.1")).is_none());
        assert!(clients.admit_peer(from("192.0.2.2")).is_some());
        drop(first);
        assert!(clients.admit_peer(from("192.0.2.1")).is_some());
    }

    #[test]
    fn of_ipv6_a_network_is_a_client() {
        let clients = clients(1, 100);
        let _first = clients.admit_peer(from("2001:db8::1")).unwrap();
        assert!(clients.admit_peer(from("2001:db8::2")).is_none());
        assert!(clients.admit_peer(from("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn trusted_proxies_have_any_number() {
        let clients = clients(1, 100);
        let places: Vec<_> = (0..10).map(|_| clients.admit_peer(from("10.1.2.3")).unwrap()).collect();
        drop(places);
    }

    #[test]
    fn of_the_refused_a_quarter_of_all_is_held_and_no_more() {
        let clients = clients(2, 20);
        let held: Vec<_> = std::iter::from_fn(|| clients.hold()).collect();
        assert_eq!(held.len(), 5);
        drop(held);
        assert!(clients.hold().is_some());
    }

    #[test]
    fn nobody_has_more_than_half_of_all_and_nothing_is_kept_of_who_left() {
        let clients = clients(256, 20);
        let places: Vec<_> = std::iter::from_fn(|| clients.admit_peer(from("192.0.2.1"))).collect();
        assert_eq!(places.len(), 10);
        drop(places);
        assert!(clients.open().connections.is_empty());
    }
}
