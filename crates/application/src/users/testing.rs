use std::ops::{Deref, DerefMut};

use domain::passwords::Verification;
use domain::registration::RegistrationMode;

use super::Users;
use crate::one_time_tokens::testing as one_time_tokens;
use crate::passwords::testing as passwords;
use crate::testing::ids;

/// The mocks of [`Passwords`](crate::passwords::Passwords), which these use cases stand on.
pub(crate) struct Mocks {
    pub(super) base: passwords::Mocks,
    pub(crate) registration: RegistrationMode,
}

impl Default for Mocks {
    fn default() -> Self {
        // What is mailed, a test of its own expects.
        let one_time_tokens = one_time_tokens::Mocks { mail_is_off: true, ..one_time_tokens::Mocks::default() };
        let base = passwords::Mocks { one_time_tokens, ..passwords::Mocks::default() };
        Self { base, registration: RegistrationMode::Open }
    }
}

impl Mocks {
    /// As [`passwords::Mocks::confirming`].
    pub(crate) fn confirming(verification: Verification) -> Self {
        let mut mocks = Self::default();
        let one_time_tokens = std::mem::take(&mut mocks.base.one_time_tokens);
        Self { base: passwords::Mocks { one_time_tokens, ..passwords::Mocks::confirming(verification) }, ..mocks }
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
        Users { users: passwords.users.clone(), passwords, ids: ids(), registration: self.registration }
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
