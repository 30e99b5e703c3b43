use domain::registration::RegistrationMode;

use super::Emails;
use crate::passwords::Passwords;
use crate::testing::ids;
use crate::users::Users;

/// The use cases of addresses, on the mocks that these passwords stand on.
pub(super) fn on(passwords: Passwords) -> Emails {
    let users = Users {
        users: passwords.users.clone(),
        passwords: passwords.clone(),
        ids: ids(),
        registration: RegistrationMode::Verified,
    };
    Emails { passwords, users }
}
