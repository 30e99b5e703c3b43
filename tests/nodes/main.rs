//! Several servers on one database, databases that fail, and what must hold nevertheless.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failure here is a failed test, clippy only knows those inside of #[test], and figures are to be seen"
)]

mod admins;
mod caddy;
mod cleanup;
mod corpus;
mod feed;
mod figures;
mod interleave;
mod keys;
mod load;
mod mail;
mod nginx;
mod nodes;
mod outages;
mod passkeys;
mod pgbouncer;
mod providers;
mod refresh;
mod reuse;
mod schedules;
mod second_factors;
mod services;
