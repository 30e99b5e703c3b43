use domain::registration::RegistrationMode;

use super::Emails;
use crate::passwords::Passwords;
use crate::testing::ids;
use crate::users::Users;

/// The use cases of addresses, on the mocks that these passwords stand on.
pub(super) fn on(passwords: Passwords) -> Emails {
    let users = passwords.users.clone();
    Emails { users: Users { users, passwords, ids: ids(), registration: RegistrationMode::Verified } }
}
