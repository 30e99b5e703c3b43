use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use domain::passwords::MockHashPlace;
use domain::units::{MockAccountUnit, MockUnits};
use domain::users::MockUserRepository;

use super::Users;
use crate::passwords::Passwords;
use crate::testing::{access_tokens, clock, hashing, ids, journal};

pub(crate) struct Mocks {
    pub(crate) users: MockUserRepository,
    pub(crate) hash_place: Option<MockHashPlace>,
    pub(crate) registration_open: bool,
    pub(crate) units: MockUnits<MockAccountUnit>,
}

impl Default for Mocks {
    fn default() -> Self {
        Self {
            users: MockUserRepository::new(),
            hash_place: Some(MockHashPlace::new()),
            registration_open: true,
            units: MockUnits::default(),
        }
    }
}

impl Mocks {
    /// The place at the hasher.
    pub(crate) fn hashing(&mut self) -> &mut MockHashPlace {
        self.hash_place.get_or_insert_default()
    }

    /// All places at the hasher are taken.
    pub(crate) fn overloaded() -> Users {
        Self { hash_place: None, ..Self::default() }.build()
    }

    /// Expects these units of work, and counts their commits.
    pub(crate) fn units(&mut self, units: impl IntoIterator<Item = MockAccountUnit>) -> Arc<AtomicUsize> {
        self.units = MockUnits::new(units);
        self.units.commits()
    }

    pub(crate) fn build(self) -> Users {
        let users = Arc::new(self.users);
        let units = Arc::new(self.units);
        let hashing = hashing(self.hash_place);
        let journal = journal(Arc::new(access_tokens()));
        let passwords = Passwords {
            users: users.clone(),
            units: units.clone(),
            hashing: hashing.clone(),
            clock: clock(),
            journal: journal.clone(),
        };
        let registration_open = self.registration_open;
        Users { users, units, passwords, hashing, ids: ids(), clock: clock(), journal, registration_open }
    }
}
