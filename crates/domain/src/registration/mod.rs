//! Registration: who gets an account, and what waits until an address is proven.

mod mode;
mod pending_account;
mod repository;

pub use mode::RegistrationMode;
pub use pending_account::PendingAccount;
pub use repository::PendingAccountRepository;

#[cfg(feature = "mocks")]
pub use repository::MockPendingAccountRepository;
