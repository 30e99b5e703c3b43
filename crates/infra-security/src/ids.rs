use domain::access_tokens::TokenId;
use domain::events::EventId;
use domain::keys::KeyId;
use domain::sessions::{Nonce, SessionId};
use domain::tasks::TaskId;
use domain::users::UserId;
use domain::{IdGenerator, Timestamp};
use uuid::{Builder, Uuid};

use crate::random::random_bytes;

/// Ids and nonces from the operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdGenerator for SystemIds {
    fn user_id(&self, now: Timestamp) -> UserId {
        UserId::new(uuid_of(now))
    }

    fn task_id(&self, now: Timestamp) -> TaskId {
        TaskId::new(uuid_of(now))
    }

    fn event_id(&self, now: Timestamp) -> EventId {
        EventId::new(uuid_of(now))
    }

    fn session_id(&self) -> SessionId {
        SessionId::new(random_uuid())
    }

    fn token_id(&self) -> TokenId {
        TokenId::new(random_uuid())
    }

    fn key_id(&self) -> KeyId {
        KeyId::new(random_uuid())
    }

    fn nonce(&self) -> Nonce {
        Nonce::new(random_bytes())
    }
}

fn uuid_of(now: Timestamp) -> Uuid {
    // Version 7 has no place for a time before 1970.
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &random_bytes()).into_uuid()
}

fn random_uuid() -> Uuid {
    Builder::from_random_bytes(random_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::{Variant, Version};

    use super::*;

    #[test]
    fn user_task_and_event_ids_are_version_7_and_carry_the_time() {
        let millis = 1_700_000_000_123;
        let now = DateTime::from_timestamp_millis(millis).unwrap();
        let ids = SystemIds;
        for id in [ids.user_id(now).as_uuid(), ids.task_id(now).as_uuid(), ids.event_id(now).as_uuid()] {
            assert_eq!(id.get_version(), Some(Version::SortRand));
            assert_eq!(id.get_variant(), Variant::RFC4122);
            assert_eq!(id.as_u128() >> 80, millis as u128);
        }
        assert_ne!(SystemIds.user_id(now), SystemIds.user_id(now));
        assert_ne!(SystemIds.task_id(now), SystemIds.task_id(now));
    }

    #[test]
    fn session_token_and_key_ids_are_version_4() {
        let ids = SystemIds;
        for id in [ids.session_id().as_uuid(), ids.token_id().as_uuid(), ids.key_id().as_uuid()] {
            assert_eq!(id.get_version(), Some(Version::Random));
            assert_eq!(id.get_variant(), Variant::RFC4122);
        }
        assert_ne!(SystemIds.session_id(), SystemIds.session_id());
    }
}
