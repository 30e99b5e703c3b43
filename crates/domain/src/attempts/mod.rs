//! Attempts at what can be guessed: passwords, codes and client secrets. They are counted before the secret is looked
//! at, over all nodes and restarts.

mod key;
mod limit;
mod network;
mod repository;

pub use key::{AttemptKey, Attempted, Subject};
pub use limit::AttemptLimit;
pub use network::Network;
pub use repository::{AttemptCount, AttemptRepository, Counted, Reservation};

#[cfg(feature = "mocks")]
pub use repository::MockAttemptRepository;
