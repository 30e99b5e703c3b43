use domain::StoreError;
use domain::sessions::{Revocation, RevokedTokens, SessionId};
use domain::units::AccountUnit;
use domain::users::User;

/// Ends whatever the previous state of an account vouched for, in the unit that changes it, and stores the account: all
/// access tokens become void, all sessions end but `except`, and whatever was mailed to the user or handed out is worth
/// nothing any more. Returns the access tokens that the unit must be committed with.
///
/// # Errors
/// Those of the repositories.
pub(crate) async fn end_all(
    unit: &dyn AccountUnit,
    user: &mut User,
    except: Option<SessionId>,
    revocation: Revocation,
) -> Result<RevokedTokens, StoreError> {
    user.void_access_tokens();
    unit.users().update(user).await?;
    unit.one_time_tokens().void_all(user.id, None).await?;
    unit.refresh_tokens().revoke_all(user.id, except, revocation).await?;
    Ok(RevokedTokens::OfUser(user.id, user.epoch))
}
