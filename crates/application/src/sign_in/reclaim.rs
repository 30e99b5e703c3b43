use domain::sessions::{Revocation, RevocationReason, RevokedTokens};
use domain::units::AccountUnit;
use domain::users::User;
use domain::{StoreError, Timestamp};

use crate::end_all::end_all;

/// Gives an account to whoever has proven its address, which nobody had done before: somebody else may have made it, so
/// whatever they left there is removed. That is its password, its factors and passkeys, its links to providers, what
/// was mailed, and all sessions. Returns the access tokens that the unit must be committed with.
///
/// # Errors
/// Those of the repositories.
pub(crate) async fn reclaim(
    unit: &dyn AccountUnit,
    user: &mut User,
    now: Timestamp,
) -> Result<RevokedTokens, StoreError> {
    user.email_verified = true;
    user.updated_at = now;
    unit.passwords().remove(user.id).await?;
    unit.factors().delete_all(user.id).await?;
    unit.passkeys().delete_all(user.id).await?;
    unit.identities().delete_all(user.id).await?;
    end_all(unit, user, None, Revocation { at: now, reason: RevocationReason::PasswordSet }).await
}
