//! Runs the `hexauth` binary as an operator does, and looks at what it prints, leaves behind and returns.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure here is a failed test, and clippy only knows those inside of #[test]"
)]

mod breached_passwords;
mod commands;
mod configuration;
mod connections;
mod containers;
mod faults;
mod first_admin;
mod keys;
mod logs;
mod mail;
mod pages;
mod postgres_tls;
mod postgres_urls;
mod readiness;
mod readme;
mod relay;
mod rights;
mod second_factors;
mod serving;
mod set_password;
mod shutdown;
mod small_disk;
mod sqlite_file;
mod storm;
mod temporary_files;
mod traces;
mod upgrade;
