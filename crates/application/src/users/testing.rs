use std::ops::{Deref, DerefMut};

use domain::passwords::Verification;

use super::Users;
use crate::passwords::testing as passwords;
use crate::testing::ids;

/// The mocks of [`Passwords`](crate::passwords::Passwords), which these use cases stand on.
pub(crate) struct Mocks {
    pub(super) base: passwords::Mocks,
    pub(crate) registration_open: bool,
}

impl Default for Mocks {
    fn default() -> Self {
        Self { base: passwords::Mocks::default(), registration_open: true }
    }
}

impl Mocks {
    /// As [`passwords::Mocks::confirming`].
    pub(crate) fn confirming(verification: Verification) -> Self {
        Self { base: passwords::Mocks::confirming(verification), ..Self::default() }
    }

    /// As [`passwords::Mocks::measuring`].
    pub(crate) fn measuring(score: u8) -> Self {
        Self { base: passwords::Mocks::measuring(score), ..Self::default() }
    }

    /// All places at the hasher are taken.
    pub(crate) fn overloaded() -> Users {
        let base = passwords::Mocks { hash_place: None, ..passwords::Mocks::default() };
        Self { base, ..Self::default() }.build()
    }

    pub(crate) fn build(self) -> Users {
        let passwords = self.base.build();
        Users { users: passwords.users.clone(), passwords, ids: ids(), registration_open: self.registration_open }
    }
}

impl Deref for Mocks {
    type Target = passwords::Mocks;

    fn deref(&self) -> &passwords::Mocks {
        &self.base
    }
}

impl DerefMut for Mocks {
    fn deref_mut(&mut self) -> &mut passwords::Mocks {
        &mut self.base
    }
}
