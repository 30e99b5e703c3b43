//! What a client sends back of a resource as it read it, though no change can touch it.

use chrono::SubsecRound;
use domain::Timestamp;
use uuid::Uuid;

use crate::ApplicationError;

/// The members that every resource has and no change can touch, as a client sends them back; `None` where it leaves one
/// out. A change is refused where they are not what is stored. Times may have been cut to the millisecond, as a `Date`
/// of JavaScript has them.
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
            .time("created_at", self.created_at, stored.created_at)
            .time("updated_at", self.updated_at, stored.updated_at)
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
    pub(crate) fn member<T: PartialEq>(self, name: &'static str, sent: Option<T>, stored: T) -> Self {
        self.member_that(name, sent.is_none_or(|sent| sent == stored))
    }

    /// Likewise a time: the stored one, or that cut to the millisecond. Any other within the millisecond is refused, so
    /// that for clients who keep the whole time, two changes in one millisecond are two.
    fn time(self, name: &'static str, sent: Option<Timestamp>, stored: Timestamp) -> Self {
        self.member_that(name, sent.is_none_or(|sent| sent == stored || sent == stored.trunc_subsecs(3)))
    }

    /// One that was compared already.
    pub(crate) fn member_that(mut self, name: &'static str, is_as_stored: bool) -> Self {
        if !is_as_stored {
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

    #[test]
    fn a_time_may_have_been_cut_to_the_millisecond() {
        let cut = now();
        let stored = cut + TimeDelta::microseconds(635_422);
        let compare =
            |micros| Comparison::default().time("created_at", Some(cut + TimeDelta::microseconds(micros)), stored);
        assert!([635_422, 635_000].into_iter().all(|micros| compare(micros).require_equal().is_ok()));
        for micros in [0, 634_000, 634_999, 635_001, 635_421, 635_423, 636_000] {
            assert!(compare(micros).require_equal().is_err(), "{micros}");
        }
    }
}
