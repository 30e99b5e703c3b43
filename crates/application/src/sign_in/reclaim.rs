use domain::sessions::{Revocation, RevocationReason};
use domain::units::AccountUnit;
use domain::users::User;
use domain::{StoreError, Timestamp};

/// Gives an account to whoever has proven its address, which nobody had done before: somebody else may have made it, so
/// whatever they left there is removed. That is its password, its factors and passkeys, its links to providers, what was mailed, and
/// all sessions. The caller tells all nodes that the access tokens are void.
///
/// # Errors
/// Those of the repositories.
pub(crate) async fn reclaim(unit: &dyn AccountUnit, user: &mut User, now: Timestamp) -> Result<(), StoreError> {
    user.email_verified = true;
    user.void_access_tokens();
    user.updated_at = now;
    unit.users().update(user).await?;
    unit.passwords().remove(user.id).await?;
    unit.factors().delete_all(user.id).await?;
    unit.passkeys().delete_all(user.id).await?;
    unit.identities().delete_all(user.id).await?;
    unit.one_time_tokens().void_all(user.id, None).await?;
    let revocation = Revocation { at: now, reason: RevocationReason::PasswordSet };
    unit.refresh_tokens().revoke_all(user.id, None, revocation).await?;
    Ok(())
}
