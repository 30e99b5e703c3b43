//! Units of work: several writes that happen together or not at all.

#[cfg(feature = "mocks")]
mod mocks;
mod unit_of_work;

#[cfg(feature = "mocks")]
pub use mocks::{MockUnitOfWork, MockUnitsOfWork};
pub use unit_of_work::{UnitOfWork, UnitOfWorkFactory};
