//! Units of work: several writes that happen together or not at all.
//!
//! What concerns several features is here. A feature that writes only what is its own has its unit beside its
//! repository.

mod account_unit;
mod cleanup_unit;
#[cfg(feature = "mocks")]
mod mocks;
mod unit_of_work;

pub use account_unit::AccountUnit;
pub use cleanup_unit::CleanupUnit;
pub use unit_of_work::{Begin, UnitOfWork};

#[cfg(feature = "mocks")]
pub(crate) use mocks::mock_unit;
#[cfg(feature = "mocks")]
pub use {
    account_unit::MockAccountUnit,
    cleanup_unit::MockCleanupUnit,
    mocks::{MockUnit, MockUnits},
};
