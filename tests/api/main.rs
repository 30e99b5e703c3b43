//! The API over HTTP, on both databases: each test has a server on a port of its own and a database of its own.

mod admin;
mod app;
mod bad_input;
mod create_user;
mod end_to_end;
mod hashing;
mod list_users;
mod login;
mod me;
mod openapi;
mod races;
mod refresh;
mod sessions;
