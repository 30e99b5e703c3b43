//! Passwords: how they are changed, set by others, and asked for again.

mod accept_password;
mod change_password;
mod confirm_password;
mod set_password;

pub use change_password::ChangePassword;
