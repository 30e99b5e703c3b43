//! Passwords: how they are changed, and asked for again.

mod change_password;
mod confirm_password;

pub use change_password::ChangePassword;
