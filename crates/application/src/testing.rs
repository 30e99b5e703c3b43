//! An application on mocked ports. A mock that a test gives no expectation panics when it is called, so each test
//! also shows what a use case leaves alone.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use chrono::DateTime;
use domain::mocks::{
    MockAccessTokens, MockClock, MockIdGenerator, MockPasswordHasher, MockRefreshTokenRepository, MockUnitOfWork,
    MockUnitsOfWork, MockUserRepository,
};
use domain::ports::{Mac, MacPurpose, MacTag};
use domain::{
    AccessClaims, Device, Email, Epoch, NewRefreshToken, Nonce, Password, PasswordHash, RefreshPolicy, RefreshToken,
    Role, Secret, SessionId, Timestamp, TokenId, User, UserId,
};
use uuid::Uuid;

use crate::{Actor, Application, Ports, Settings};

pub(crate) struct Mocks {
    pub(crate) users: MockUserRepository,
    pub(crate) refresh_tokens: MockRefreshTokenRepository,
    pub(crate) password_hasher: MockPasswordHasher,
    pub(crate) access_tokens: MockAccessTokens,
    pub(crate) settings: Settings,
    pub(crate) units: MockUnitsOfWork,
}

impl Default for Mocks {
    fn default() -> Self {
        let mut access_tokens = MockAccessTokens::new();
        access_tokens.expect_sign().returning(|claims| Secret::new(format!("access token {}", claims.id)));
        Self {
            users: MockUserRepository::new(),
            refresh_tokens: MockRefreshTokenRepository::new(),
            password_hasher: MockPasswordHasher::new(),
            access_tokens,
            settings: Settings::default(),
            units: MockUnitsOfWork::default(),
        }
    }
}

impl Mocks {
    /// Expects these units of work, in this order, and counts their commits.
    pub(crate) fn units(&mut self, units: impl IntoIterator<Item = MockUnitOfWork>) -> Arc<AtomicUsize> {
        self.units = MockUnitsOfWork::new(units);
        self.units.commits()
    }

    pub(crate) fn build(self) -> Application {
        let mut clock = MockClock::new();
        clock.expect_now().returning(now);
        let mut ids = MockIdGenerator::new();
        ids.expect_user_id().returning(|_| user_id());
        ids.expect_session_id().returning(session_id);
        ids.expect_token_id().returning(|| TokenId::new(Uuid::from_u128(3)));
        ids.expect_nonce().returning(|| Nonce::new([7; Nonce::LENGTH]));
        let ports = Ports {
            users: Arc::new(self.users),
            refresh_tokens: Arc::new(self.refresh_tokens),
            units_of_work: Arc::new(self.units),
            password_hasher: Arc::new(self.password_hasher),
            access_tokens: Arc::new(self.access_tokens),
            mac: Arc::new(FakeMac),
            ids: Arc::new(ids),
            clock: Arc::new(clock),
        };
        Application::new(ports, self.settings)
    }
}

/// Tags are a checksum of the message: enough to tell one message of a test from another.
pub(crate) struct FakeMac;

impl Mac for FakeMac {
    fn sign(&self, _: MacPurpose, message: &[u8]) -> MacTag {
        let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
        let hash = message.iter().fold(2_166_136_261, mix).to_be_bytes();
        MacTag::new(std::array::from_fn(|index| hash[index % hash.len()]))
    }

    fn verify(&self, purpose: MacPurpose, message: &[u8], tag: &MacTag) -> bool {
        self.sign(purpose, message).as_bytes() == tag.as_bytes()
    }
}

pub(crate) fn now() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(crate) fn user_id() -> UserId {
    UserId::new(Uuid::from_u128(1))
}

pub(crate) fn session_id() -> SessionId {
    SessionId::new(Uuid::from_u128(2))
}

pub(crate) fn password() -> Password {
    Password::presented("correct horse battery staple").unwrap()
}

pub(crate) fn an_actor() -> Actor {
    Actor { user_id: user_id(), role: Role::User, session: session_id() }
}

pub(crate) fn an_admin() -> Actor {
    Actor { user_id: UserId::new(Uuid::from_u128(100)), role: Role::Admin, ..an_actor() }
}

pub(crate) fn a_user() -> User {
    User {
        id: user_id(),
        email: Email::parse("ada@example.com").unwrap(),
        username: None,
        full_name: None,
        birthday: None,
        role: Role::User,
        is_active: true,
        email_verified: true,
        password_hash: PasswordHash::parse("$argon2id$stored").unwrap(),
        epoch: Epoch::default(),
        created_at: now(),
        updated_at: now(),
        last_login: None,
    }
}

pub(crate) fn a_session() -> RefreshToken {
    let nonce = Nonce::new([7; Nonce::LENGTH]);
    let new = NewRefreshToken { id: session_id(), user_id: user_id(), nonce, device: Device::default() };
    RefreshToken::start(new, now(), &RefreshPolicy::default())
}

pub(crate) fn claims_of(session: &RefreshToken, user: &User) -> AccessClaims {
    AccessClaims {
        id: TokenId::new(Uuid::from_u128(3)),
        user_id: user.id,
        session_id: session.id,
        role: user.role,
        epoch: user.epoch,
        issued_at: now(),
        expires_at: now(),
    }
}
