#[cfg(feature = "mocks")]
use super::MockSigningKeyRepository;
use super::SigningKeyRepository;
use crate::units::UnitOfWork;

/// The key ring, changed as a whole.
pub trait KeyUnit: UnitOfWork {
    /// The signing keys, inside this unit.
    fn signing_keys(&self) -> &dyn SigningKeyRepository;
}

#[cfg(feature = "mocks")]
crate::units::mock_unit! {
    /// A unit of work on a mocked key ring.
    MockKeyUnit: KeyUnit { signing_keys: MockSigningKeyRepository as SigningKeyRepository }
}
