use super::UnitOfWork;
use crate::attempts::AttemptRepository;
use crate::factors::FactorRepository;
use crate::identities::IdentityRepository;
use crate::mail::OutboxRepository;
use crate::one_time_tokens::OneTimeTokenRepository;
use crate::passkeys::PasskeyRepository;
use crate::passwords::PasswordRepository;
use crate::registration::PendingAccountRepository;
use crate::sessions::{RefreshTokenRepository, RevocationRepository};
use crate::users::UserRepository;
#[cfg(feature = "mocks")]
use crate::{
    attempts::MockAttemptRepository,
    factors::MockFactorRepository,
    identities::MockIdentityRepository,
    mail::MockOutboxRepository,
    one_time_tokens::MockOneTimeTokenRepository,
    passkeys::MockPasskeyRepository,
    passwords::MockPasswordRepository,
    registration::MockPendingAccountRepository,
    sessions::{MockRefreshTokenRepository, MockRevocationRepository},
    users::MockUserRepository,
};

/// What an account consists of, written together: the user, their password, their sessions, and the mails to them with
/// the tokens in these.
pub trait AccountUnit: UnitOfWork {
    /// The users, inside this unit.
    fn users(&self) -> &dyn UserRepository;

    /// Their passwords, inside this unit.
    fn passwords(&self) -> &dyn PasswordRepository;

    /// Their second factors, inside this unit.
    fn factors(&self) -> &dyn FactorRepository;

    /// Their passkeys, inside this unit.
    fn passkeys(&self) -> &dyn PasskeyRepository;

    /// Their accounts at identity providers, inside this unit.
    fn identities(&self) -> &dyn IdentityRepository;

    /// The refresh tokens, inside this unit.
    fn refresh_tokens(&self) -> &dyn RefreshTokenRepository;

    /// What was revoked, inside this unit.
    fn revocations(&self) -> &dyn RevocationRepository;

    /// The one-time tokens, inside this unit.
    fn one_time_tokens(&self) -> &dyn OneTimeTokenRepository;

    /// What waits for the proof of an address, inside this unit.
    fn pending_accounts(&self) -> &dyn PendingAccountRepository;

    /// The mails, inside this unit.
    fn outbox(&self) -> &dyn OutboxRepository;

    /// The counts of attempts, inside this unit. Guesses are never reserved here: they have to last whatever becomes of
    /// the unit. Mails are, where one that is not queued must not count.
    fn attempts(&self) -> &dyn AttemptRepository;
}

#[cfg(feature = "mocks")]
super::mock_unit! {
    /// A unit of work on a mocked account.
    MockAccountUnit: AccountUnit {
        users: MockUserRepository as UserRepository,
        passwords: MockPasswordRepository as PasswordRepository,
        factors: MockFactorRepository as FactorRepository,
        passkeys: MockPasskeyRepository as PasskeyRepository,
        identities: MockIdentityRepository as IdentityRepository,
        refresh_tokens: MockRefreshTokenRepository as RefreshTokenRepository,
        revocations: MockRevocationRepository as RevocationRepository,
        one_time_tokens: MockOneTimeTokenRepository as OneTimeTokenRepository,
        pending_accounts: MockPendingAccountRepository as PendingAccountRepository,
        outbox: MockOutboxRepository as OutboxRepository,
        attempts: MockAttemptRepository as AttemptRepository,
    }
}
