//! Holds every adapter to every MUST of its port, on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure here is a failed test, and clippy only knows those inside of #[test]"
)]

mod fixtures;
mod health;
mod migrations;
mod refresh_tokens;
mod security;
mod unit_of_work;
mod user_lists;
mod users;
