use domain::{Ids, Timestamp};
use uuid::{Builder, Uuid};

use crate::random::random_bytes;

/// Ids and nonces from the operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn v4(&self) -> Uuid {
        Builder::from_random_bytes(random_bytes()).into_uuid()
    }

    fn v7(&self, now: Timestamp) -> Uuid {
        // Version 7 has no place for a time before 1970.
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &random_bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::{Variant, Version};

    use super::*;

    #[test]
    fn version_7_carries_the_time() {
        let millis = 1_700_000_000_123;
        let now = DateTime::from_timestamp_millis(millis).unwrap();
        let id = SystemIds.v7(now);
        assert_eq!(id.get_version(), Some(Version::SortRand));
        assert_eq!(id.get_variant(), Variant::RFC4122);
        assert_eq!(id.as_u128() >> 80, millis as u128);
        assert_ne!(SystemIds.v7(now), SystemIds.v7(now));
    }

    #[test]
    fn version_4_is_random() {
        let id = SystemIds.v4();
        assert_eq!(id.get_version(), Some(Version::Random));
        assert_eq!(id.get_variant(), Variant::RFC4122);
        assert_ne!(SystemIds.v4(), SystemIds.v4());
    }
}
