//! Passwords: how they are changed, and asked for again.

mod accept_password;
mod change_password;
mod confirm_password;

pub use change_password::ChangePassword;
