use crate::passwords::Password;

/// A password that the [`PasswordPolicy`](crate::passwords::PasswordPolicy) accepted, and that may be stored as a hash.
///
/// Only the policy makes one. A program on these crates cannot hash a password that nobody checked:
///
/// ```
/// use domain::passwords::{Findings, HashError, HashPlace, Password, PasswordHash, PasswordPolicy, RefusedPassword};
///
/// async fn hash(
///     place: &mut dyn HashPlace,
///     policy: &PasswordPolicy,
///     typed: Password,
///     found: &Findings,
/// ) -> Result<Result<PasswordHash, HashError>, RefusedPassword> {
///     Ok(place.hash(&policy.accept(typed, found)?).await)
/// }
/// ```
///
/// The same without the policy does not compile,
///
/// ```compile_fail,E0308
/// use domain::passwords::{HashError, HashPlace, Password, PasswordHash};
///
/// async fn hash(place: &mut dyn HashPlace, typed: Password) -> Result<PasswordHash, HashError> {
///     place.hash(&typed).await
/// }
/// ```
///
/// and neither does any other way from one to the other:
///
/// ```compile_fail,E0423
/// use domain::passwords::{NewPassword, Password};
///
/// fn accept(typed: Password) -> NewPassword {
///     NewPassword(typed)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct NewPassword(Password);

impl NewPassword {
    /// For the policy alone.
    pub(super) fn accepted(password: Password) -> Self {
        Self(password)
    }

    /// The password, as one that somebody typed.
    pub fn as_password(&self) -> &Password {
        &self.0
    }
}
