use super::UnitOfWork;
use crate::passwords::PasswordRepository;
use crate::sessions::{RefreshTokenRepository, RevocationRepository};
use crate::users::UserRepository;
#[cfg(feature = "mocks")]
use crate::{
    passwords::MockPasswordRepository,
    sessions::{MockRefreshTokenRepository, MockRevocationRepository},
    users::MockUserRepository,
};

/// What an account consists of, written together: the user, their password and their sessions.
pub trait AccountUnit: UnitOfWork {
    /// The users, inside this unit.
    fn users(&self) -> &dyn UserRepository;

    /// Their passwords, inside this unit.
    fn passwords(&self) -> &dyn PasswordRepository;

    /// The refresh tokens, inside this unit.
    fn refresh_tokens(&self) -> &dyn RefreshTokenRepository;

    /// What was revoked, inside this unit.
    fn revocations(&self) -> &dyn RevocationRepository;
}

#[cfg(feature = "mocks")]
super::mock_unit! {
    /// A unit of work on a mocked account.
    MockAccountUnit: AccountUnit {
        users: MockUserRepository as UserRepository,
        passwords: MockPasswordRepository as PasswordRepository,
        refresh_tokens: MockRefreshTokenRepository as RefreshTokenRepository,
        revocations: MockRevocationRepository as RevocationRepository,
    }
}
