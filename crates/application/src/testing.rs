//! An application on mocked ports. A mock that a test gives no expectation panics when it is called, so each test
//! also shows what a use case leaves alone.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta};
use domain::access_tokens::{AccessClaims, MockAccessTokens, TokenId};
use domain::clients::MockClientSecrets;
use domain::keys::{
    Algorithm, KeyId, KeyState, MockSigningKeyFactory, MockSigningKeyRepository, SealedKey, SigningKey,
};
use domain::passwords::{
    HashError, HashPlace, MockHashPlace, MockPasswordHasher, MockPasswordRepository, Password, PasswordHash,
    Verification,
};
use domain::sessions::{
    Device, MockRefreshTokenRepository, MockRevocationRepository, NewRefreshToken, Nonce, RefreshPolicy, RefreshToken,
    RevocationFeed, RevocationReason, Revoked, SessionId,
};
use domain::tasks::{MockTaskRepository, Task, TaskDescription, TaskId, TaskStatus, TaskTitle};
use domain::units::{MockUnitOfWork, MockUnitsOfWork};
use domain::users::{Email, Epoch, MockUserRepository, Profile, Role, User, UserId};
use domain::{Mac, MacPurpose, MacTag, MockClock, MockIdGenerator, RepositoryError, Secret, Timestamp};
use uuid::Uuid;

use crate::{Actor, Application, Ports, Settings};

pub(crate) struct Mocks {
    pub(crate) users: MockUserRepository,
    pub(crate) passwords: MockPasswordRepository,
    pub(crate) refresh_tokens: MockRefreshTokenRepository,
    /// The one place that the hasher has. `None`: it is taken.
    pub(crate) hash_place: Option<MockHashPlace>,
    pub(crate) access_tokens: MockAccessTokens,
    pub(crate) signing_keys: MockSigningKeyRepository,
    pub(crate) key_factory: MockSigningKeyFactory,
    pub(crate) tasks: MockTaskRepository,
    /// Tells [`now`], unless a test brings one that moves.
    pub(crate) clock: MockClock,
    pub(crate) settings: Settings,
    pub(crate) units: MockUnitsOfWork,
}

impl Default for Mocks {
    fn default() -> Self {
        let mut clock = MockClock::new();
        clock.expect_now().returning(now);
        let mut access_tokens = MockAccessTokens::new();
        access_tokens.expect_sign().returning(|claims| Ok(Secret::new(format!("access token {}", claims.id))));
        access_tokens.expect_tokens_expire_at().returning(|now| now);
        Self {
            users: MockUserRepository::new(),
            passwords: MockPasswordRepository::new(),
            refresh_tokens: MockRefreshTokenRepository::new(),
            hash_place: Some(MockHashPlace::new()),
            access_tokens,
            signing_keys: MockSigningKeyRepository::new(),
            key_factory: MockSigningKeyFactory::new(),
            tasks: MockTaskRepository::new(),
            clock,
            settings: Settings::default(),
            units: MockUnitsOfWork::default(),
        }
    }
}

impl Mocks {
    /// An actor is [`a_user`] with [`a_hash`], and asked for the password once: this comes of what they say.
    pub(crate) fn confirming(verification: Verification) -> Self {
        let mut mocks = Self::default();
        mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((a_user(), Some(a_hash())))));
        mocks.hashing().expect_verify().times(1).returning(move |_, _| Ok(verification));
        mocks
    }

    /// What the hasher is to be asked.
    pub(crate) fn hashing(&mut self) -> &mut MockHashPlace {
        self.hash_place.get_or_insert_default()
    }

    /// All is as it should be, but that too many wait to be hashed: nothing else may be asked.
    pub(crate) fn overloaded() -> Application {
        Self { hash_place: None, ..Self::default() }.build()
    }

    /// Expects these units of work, in this order, and counts their commits.
    pub(crate) fn units(&mut self, units: impl IntoIterator<Item = MockUnitOfWork>) -> Arc<AtomicUsize> {
        self.units = MockUnitsOfWork::new(units);
        self.units.commits()
    }

    pub(crate) fn build(self) -> Application {
        let mut ids = MockIdGenerator::new();
        ids.expect_user_id().returning(|_| user_id());
        ids.expect_task_id().returning(|_| task_id());
        ids.expect_session_id().returning(session_id);
        ids.expect_token_id().returning(|| TokenId::new(Uuid::from_u128(3)));
        ids.expect_key_id().returning(|| KeyId::new(Uuid::from_u128(4)));
        ids.expect_nonce().returning(|| Nonce::new([7; Nonce::LENGTH]));
        let ports = Ports {
            users: Arc::new(self.users),
            passwords: Arc::new(self.passwords),
            refresh_tokens: Arc::new(self.refresh_tokens),
            revocations: Arc::new(MockRevocationRepository::new()),
            signing_keys: Arc::new(self.signing_keys),
            tasks: Arc::new(self.tasks),
            units_of_work: Arc::new(self.units),
            password_hasher: Arc::new(a_hasher(self.hash_place)),
            access_tokens: Arc::new(self.access_tokens),
            key_factory: Arc::new(self.key_factory),
            client_secrets: Arc::new(MockClientSecrets::new()),
            mac: Arc::new(FakeMac),
            ids: Arc::new(ids),
            clock: Arc::new(self.clock),
        };
        Application::new(ports, self.settings)
    }
}

fn a_hasher(place: Option<MockHashPlace>) -> MockPasswordHasher {
    let place = Mutex::new(place);
    let mut hasher = MockPasswordHasher::new();
    hasher.expect_reserve().returning(move || match place.lock().unwrap().take() {
        Some(place) => Ok(Box::new(place) as Box<dyn HashPlace>),
        None => Err(HashError::Overloaded),
    });
    hasher
}

/// A node that cannot read the signing keys.
pub(crate) fn unable_to_sign() -> MockAccessTokens {
    let mut access_tokens = MockAccessTokens::new();
    access_tokens.expect_sign().returning(|_| Err(RepositoryError::Unavailable("no keys".into())));
    access_tokens
}

/// A feed that always tells the same.
pub(crate) struct Feed(pub(crate) Vec<Revoked>);

#[async_trait::async_trait]
impl RevocationFeed for Feed {
    async fn poll(&mut self, _: Timestamp) -> Result<Vec<Revoked>, RepositoryError> {
        Ok(self.0.clone())
    }

    async fn changed(&mut self) {}
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

pub(crate) fn task_id() -> TaskId {
    TaskId::new(Uuid::from_u128(5))
}

pub(crate) fn password() -> Password {
    Password::parse("correct horse battery staple").unwrap()
}

/// The hash of [`password`], as it is stored.
pub(crate) fn a_hash() -> PasswordHash {
    PasswordHash::parse("$argon2id$stored").unwrap()
}

pub(crate) fn an_actor() -> Actor {
    Actor {
        user_id: user_id(),
        role: Role::User,
        epoch: Epoch::default(),
        session: session_id(),
        token_expires_at: now() + TimeDelta::minutes(15),
    }
}

pub(crate) fn an_admin() -> Actor {
    Actor { user_id: UserId::new(Uuid::from_u128(100)), role: Role::Admin, ..an_actor() }
}

pub(crate) fn a_user() -> User {
    User {
        id: user_id(),
        email: Email::parse("ada@example.com").unwrap(),
        profile: Profile::default(),
        role: Role::User,
        is_active: true,
        email_verified: true,
        epoch: Epoch::default(),
        created_at: now(),
        updated_at: now(),
        last_login: None,
    }
}

/// A task of [`a_user`].
pub(crate) fn a_task() -> Task {
    Task {
        id: task_id(),
        owner: user_id(),
        title: TaskTitle::parse("Write the notes").unwrap(),
        description: Some(TaskDescription::parse("On the engine.").unwrap()),
        status: TaskStatus::Todo,
        created_at: now(),
        updated_at: now(),
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
        expires_at: now() + TimeDelta::minutes(15),
    }
}

pub(crate) fn a_key(number: u128, state: KeyState) -> SigningKey {
    SigningKey {
        id: KeyId::new(Uuid::from_u128(number)),
        algorithm: Algorithm::EdDsa,
        sealed: SealedKey::new(vec![1]),
        created_at: now(),
        state,
    }
}

/// The account of the actor.
pub(crate) fn user_of(actor: &Actor) -> User {
    User { id: actor.user_id, role: actor.role, epoch: actor.epoch, ..a_user() }
}

/// The session of the actor.
pub(crate) fn session_of(actor: &Actor) -> RefreshToken {
    RefreshToken { id: actor.session, user_id: actor.user_id, ..a_session() }
}

/// A unit of work of the actor's own.
pub(crate) fn a_unit_of(actor: &Actor) -> MockUnitOfWork {
    let (user, id) = (user_of(actor), actor.user_id);
    let mut unit = MockUnitOfWork::default();
    unit.users.expect_find_by_id_for_update().withf(move |locked| *locked == id).return_once(move |_| Ok(Some(user)));
    with_session_of(actor, unit)
}

/// A unit of work of [`an_admin`] on this account, while these are the active admins.
pub(crate) fn a_unit_on(user: User, admins: Vec<UserId>) -> MockUnitOfWork {
    let id = user.id;
    let mut unit = MockUnitOfWork::default();
    unit.users.expect_lock_active_admins().withf(move |and| *and == Some(id)).times(1).return_once(move |_| Ok(admins));
    unit.users.expect_find_by_id_for_update().withf(move |locked| *locked == id).return_once(move |_| Ok(Some(user)));
    with_session_of(&an_admin(), unit)
}

fn with_session_of(actor: &Actor, mut unit: MockUnitOfWork) -> MockUnitOfWork {
    let found = (session_of(actor), user_of(actor));
    unit.refresh_tokens.expect_find_with_user().times(1).return_once(move |_| Ok(Some(found)));
    unit
}

/// Expects that this unit ends one session for this reason, and tells all nodes.
pub(crate) fn revoking(mut unit: MockUnitOfWork, reason: RevocationReason) -> MockUnitOfWork {
    unit.refresh_tokens
        .expect_revoke()
        .withf(move |_, revocation| revocation.reason == reason)
        .times(1)
        .returning(|_, _| Ok(true));
    unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
    unit
}

/// A unit of work without an actor that ends one session for this reason, and tells all nodes.
pub(crate) fn a_revoking_unit(reason: RevocationReason) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.users.expect_find_by_id_for_update().times(1).return_once(|_| Ok(Some(a_user())));
    revoking(unit, reason)
}
