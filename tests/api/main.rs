//! The API over HTTP, on both databases: each test has a server on a port of its own and a database of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure here is a failed test, and clippy only knows those inside of #[test]"
)]

mod admin;
mod answers;
mod app;
mod bad_input;
mod bad_rows;
mod chosen_passwords;
mod client_address;
mod clients;
mod cors;
mod create_user;
mod email_sign_in;
mod emails;
mod end_to_end;
mod ended_actors;
mod events;
mod exports;
mod gate;
mod guessing;
mod hashing;
mod invitations;
mod letterbox;
mod list_users;
mod login;
mod mail_limits;
mod me;
mod metrics;
mod notices;
mod oauth2;
mod openapi;
mod outbox;
mod pages;
mod passkeys;
mod password_reset;
mod people;
mod providers;
mod races;
mod rate_limits;
mod refresh;
mod registration;
mod second_factor_policy;
mod second_factors;
mod security_headers;
mod sessions;
mod set_password;
mod step_up;
mod tasks;
mod verify;
mod well_known;
mod write_back;
