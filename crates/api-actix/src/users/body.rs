use domain::users::{Birthday, FullName, Profile, ProfileChange, Username};

use crate::fields::{Clearable, Optional};

crate::fields! {
    /// What a user tells about themselves.
    pub(crate) ProfileBody as "Profile" -> Profile {
        username: Optional<Username>,
        full_name: Optional<FullName>,
        birthday: Optional<Birthday>,
    }
}

crate::fields! {
    /// What to change of it.
    pub(crate) ProfileChangeBody as "ProfileChange" -> ProfileChange {
        username: Clearable<Username>,
        full_name: Clearable<FullName>,
        birthday: Clearable<Birthday>,
    }
}
