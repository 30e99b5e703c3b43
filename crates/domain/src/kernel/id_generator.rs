use crate::Timestamp;
use crate::access_tokens::TokenId;
use crate::events::EventId;
use crate::keys::KeyId;
use crate::sessions::{Nonce, SessionId};
use crate::tasks::TaskId;
use crate::users::UserId;

/// Makes ids and nonces from the operating system's randomness.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait IdGenerator: Send + Sync {
    /// A new user id. It MUST be a UUID version 7 of `now` (RFC 9562, section 5.7).
    fn user_id(&self, now: Timestamp) -> UserId;

    /// A new task id. It MUST be a UUID version 7 of `now`.
    fn task_id(&self, now: Timestamp) -> TaskId;

    /// A new event id. It MUST be a UUID version 7 of `now`.
    fn event_id(&self, now: Timestamp) -> EventId;

    /// A new session id. It MUST be a UUID version 4, so that it tells nothing.
    fn session_id(&self) -> SessionId;

    /// A new token id. It MUST be a UUID version 4.
    fn token_id(&self) -> TokenId;

    /// A new key id. It MUST be a UUID version 4.
    fn key_id(&self) -> KeyId;

    /// A new nonce. Every bit MUST be random.
    fn nonce(&self) -> Nonce;
}
