//! What a client sends back of a resource as it read it, though no change can touch it.

use domain::Timestamp;
use uuid::Uuid;

use crate::ApplicationError;

/// The members that every resource has and no change can touch, as a client sends them back; `None` where it leaves one
/// out. A change is refused where they are not what is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOnly {
    /// The resource's id.
    pub id: Option<Uuid>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed: of two clients who change what they both read, the second is refused.
    pub updated_at: Option<Timestamp>,
}

impl ReadOnly {
    /// Compares them with what is stored, which must be read in the unit of work that writes.
    pub(crate) fn compare(self, stored: Stored) -> Comparison {
        Comparison::default()
            .member("id", self.id, stored.id)
            .member("created_at", self.created_at, stored.created_at)
            .member("updated_at", self.updated_at, stored.updated_at)
    }
}

/// What is stored of these members.
pub(crate) struct Stored {
    pub(crate) id: Uuid,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// The members that differ from what is stored.
#[derive(Default)]
pub(crate) struct Comparison(Vec<&'static str>);

impl Comparison {
    /// Compares one more.
    pub(crate) fn member<T: PartialEq>(mut self, name: &'static str, sent: Option<T>, stored: T) -> Self {
        if sent.is_some_and(|sent| sent != stored) {
            self.0.push(name);
        }
        self
    }

    /// # Errors
    /// [`ApplicationError::ReadOnly`] with all that differ.
    pub(crate) fn require_equal(self) -> Result<(), ApplicationError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApplicationError::ReadOnly(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::testing::now;

    #[test]
    fn what_is_sent_back_changed_is_named() {
        let (id, now) = (Uuid::from_u128(1), now());
        let later = now + TimeDelta::microseconds(1);
        let compare = |sent: ReadOnly| sent.compare(Stored { id, created_at: now, updated_at: now }).require_equal();
        assert!(compare(ReadOnly::default()).is_ok());
        assert!(compare(ReadOnly { id: Some(id), created_at: Some(now), updated_at: Some(now) }).is_ok());
        let changed = compare(ReadOnly { id: Some(Uuid::nil()), created_at: Some(now), updated_at: Some(later) });
        assert!(matches!(changed, Err(ApplicationError::ReadOnly(names)) if names == ["id", "updated_at"]));
    }
}
