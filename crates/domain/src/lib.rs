//! Entities, values and ports of Hexauth.
//!
//! This crate is pure: no I/O, no clock, no randomness and no serialisation. It asks for what it needs from outside
//! through traits, the ports. Every other crate depends on this one, never the other way.
//!
//! Each feature is a module that has its entities, with their transitions as pure functions, its values, which are
//! valid once they exist, and its ports. The docs of a port are a contract: implementations are held to each MUST by
//! tests. What several features share is at the root.
//!
//! With the feature `mocks` there is a stand-in beside each port, for unit tests of use cases.

pub mod access_tokens;
pub mod attempts;
pub mod clients;
pub mod events;
pub mod factors;
pub mod identities;
pub mod keys;
pub mod mail;
pub mod one_time_tokens;
pub mod passkeys;
pub mod passwords;
pub mod providers;
pub mod registration;
pub mod sessions;
pub mod tasks;
pub mod units;
pub mod users;

mod kernel;

pub use kernel::*;
