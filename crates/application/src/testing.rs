//! What the tests of several services have in common. Each service has its mocks in a `testing.rs` of its own. A mock
//! without an expectation panics when it is called, so each test also shows what a use case leaves alone.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use domain::access_tokens::{AccessClaims, AccessTokens, MockAccessTokens, TokenId};
use domain::clients::ClientId;
use domain::keys::{Algorithm, KeyId, KeyState, SealedKey, SigningKey};
use domain::passwords::{HashError, HashPlace, MockHashPlace, MockPasswordHasher, Password, PasswordHash};
use domain::sessions::{
    Device, Method, Methods, NewRefreshToken, RefreshPolicy, RefreshToken, RevocationFeed, RevocationReason, Revoked,
    SessionId,
};
use domain::units::{MockAccountUnit, MockUnit};
use domain::users::{Email, Epoch, Profile, Role, User, UserId};
use domain::{Clock, Ids, Mac, MacPurpose, MacTag, MockClock, MockIds, Nonce, Secret, StoreError, Timestamp};
use uuid::Uuid;

use crate::Actor;
use crate::Hashing;
use crate::events::Journal;
use crate::sessions::TokenIssuer;

/// How long access tokens live.
pub(crate) const TOKEN_TTL: TimeDelta = TimeDelta::minutes(15);

/// The clock, at [`now`].
pub(crate) fn clock() -> Arc<dyn Clock> {
    let mut clock = MockClock::new();
    clock.expect_now().returning(now);
    Arc::new(clock)
}

/// Ids that are the same in each test.
pub(crate) fn ids() -> Arc<dyn Ids> {
    let mut ids = MockIds::new();
    ids.expect_v7().returning(|_| user_id().as_uuid());
    ids.expect_v4().returning(|| session_id().as_uuid());
    Arc::new(ids)
}

/// A node that signs, and knows of no token that lives longer than its own.
pub(crate) fn access_tokens() -> MockAccessTokens {
    let mut access_tokens = MockAccessTokens::new();
    access_tokens.expect_sign().returning(|claims| Ok(Secret::new(format!("access token {}", claims.id))));
    access_tokens.expect_tokens_expire_at().returning(|now| now);
    access_tokens
}

pub(crate) fn journal(access_tokens: Arc<dyn AccessTokens>) -> Journal {
    Journal::new(access_tokens, ids(), clock(), TOKEN_TTL)
}

pub(crate) fn issuer(access_tokens: Arc<dyn AccessTokens>) -> TokenIssuer {
    TokenIssuer {
        access_tokens,
        mac: Arc::new(FakeMac),
        ids: ids(),
        client_id: ClientId::default(),
        claims: Vec::new(),
        access_token_ttl: TOKEN_TTL,
    }
}

/// A hasher with this place, or overloaded without one, and with turns for many.
pub(crate) fn hashing(place: Option<MockHashPlace>) -> Hashing {
    let place = Mutex::new(place);
    let mut hasher = MockPasswordHasher::new();
    hasher.expect_reserve().returning(move || match place.lock().unwrap().take() {
        Some(place) => Ok(Box::new(place) as Box<dyn HashPlace>),
        None => Err(HashError::Overloaded),
    });
    Hashing::new(Arc::new(hasher), 5, Duration::from_secs(3))
}

/// A node that cannot read the signing keys.
pub(crate) fn unable_to_sign() -> MockAccessTokens {
    let mut access_tokens = MockAccessTokens::new();
    access_tokens.expect_sign().returning(|_| Err(StoreError::Unavailable("no keys".into())));
    access_tokens
}

/// A feed that always returns the same.
pub(crate) struct Feed(pub(crate) Vec<Revoked>);

#[async_trait::async_trait]
impl RevocationFeed for Feed {
    async fn poll(&mut self, _: Timestamp) -> Result<Vec<Revoked>, StoreError> {
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
    SessionId::new(Uuid::from_bytes([7; 16]))
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
        authentication: None,
        address: Some(IpAddr::from([192, 0, 2, 1])),
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

pub(crate) fn a_session() -> RefreshToken {
    let nonce = Nonce::new([7; Nonce::LENGTH]);
    let (methods, device) = (Methods::only(Method::Password), Device::default());
    let new = NewRefreshToken { id: session_id(), user_id: user_id(), nonce, methods, device };
    RefreshToken::start(new, now(), &RefreshPolicy::default())
}

pub(crate) fn claims_of(session: &RefreshToken, user: &User) -> AccessClaims {
    AccessClaims {
        id: TokenId::new(Uuid::from_u128(3)),
        client_id: Some(ClientId::default()),
        user_id: user.id,
        session_id: session.id,
        role: user.role,
        epoch: user.epoch,
        authentication: Some(session.authentication),
        email_verified: None,
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
pub(crate) fn a_unit_of(actor: &Actor) -> MockAccountUnit {
    let mut unit = MockAccountUnit { unit: held_by(actor), ..MockAccountUnit::default() };
    // They have no second factor that a proof would need.
    unit.factors.expect_list_totp().returning(|_| Ok(Vec::new()));
    unit.passkeys.expect_list().returning(|_| Ok(Vec::new()));
    unit
}

/// What units that the actor begins have in common.
pub(crate) fn held_by(actor: &Actor) -> MockUnit {
    MockUnit { held: Some(Some((session_of(actor), user_of(actor)))), ..MockUnit::default() }
}

/// A unit of work of [`an_admin`] on this account, while these are the active admins.
pub(crate) fn a_unit_on(user: User, admins: Vec<UserId>) -> MockAccountUnit {
    let id = user.id;
    let mut unit = a_unit_of(&an_admin());
    unit.users.expect_lock_active_admins().withf(move |and| *and == Some(id)).times(1).return_once(move |_| Ok(admins));
    unit.users.expect_find_by_id_for_update().withf(move |locked| *locked == id).return_once(move |_| Ok(Some(user)));
    unit
}

/// Expects that this unit ends one session for this reason, and tells all nodes.
pub(crate) fn revoking(mut unit: MockAccountUnit, reason: RevocationReason) -> MockAccountUnit {
    unit.refresh_tokens
        .expect_revoke()
        .withf(move |_, revocation| revocation.reason == reason)
        .times(1)
        .returning(|_, _| Ok(true));
    unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
    unit
}

/// A unit of work without an actor that ends one session for this reason, and tells all nodes.
pub(crate) fn a_revoking_unit(reason: RevocationReason) -> MockAccountUnit {
    let mut unit = MockAccountUnit::default();
    unit.users.expect_find_by_id_for_update().times(1).return_once(|_| Ok(Some(a_user())));
    revoking(unit, reason)
}
