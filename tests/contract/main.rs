//! Holds every adapter to every MUST of its port, on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure here is a failed test, and clippy only knows those inside of #[test]"
)]

mod attempts;
mod clocks;
mod events;
mod factors;
mod fixtures;
mod health;
mod identities;
mod migrations;
mod one_time_tokens;
mod outbox;
mod passkeys;
mod passwords;
mod postgres_connections;
mod provider_flows;
mod refresh_tokens;
mod registration;
mod revocation_feed;
mod revocations;
mod security;
mod signing_keys;
mod tasks;
mod unit_of_work;
mod user_list_plans;
mod user_lists;
mod users;
mod web_authn;
