use domain::Timestamp;
use uuid::Uuid;

use crate::fields::{NotNull, ReadOnly};

crate::fields! {
    /// What every resource has and nobody can change.
    pub(crate) ReadOnlyBody as "ReadOnly" -> application::ReadOnly {
        /// As it was read, or absent.
        id: ReadOnly<NotNull<Uuid>>,
        /// As it was read, or absent.
        created_at: ReadOnly<NotNull<Timestamp>>,
        /// As it was read, or absent. If somebody made another change since, it is refused.
        updated_at: ReadOnly<NotNull<Timestamp>>,
    }
}
