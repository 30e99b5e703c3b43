use domain::StoreError;
use domain::events::NewEvent;
use domain::sessions::{Authentication, Method, RefreshToken, Revocation, RevocationReason, RevokedTokens, SessionId};
use domain::units::AccountUnit;
use domain::users::User;

use crate::ApplicationError;
use crate::events::Journal;

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
    unit.one_time_tokens().void_all(user.id).await?;
    unit.refresh_tokens().revoke_all(user.id, except, revocation).await?;
    Ok(RevokedTokens::OfUser(user.id, user.epoch))
}

/// Commits another state of the ways into an account, which are its factors, passkeys and linked accounts, and ends
/// whatever the previous one vouched for, as [`end_all`] does.
///
/// # Errors
/// [`ApplicationError::Unavailable`].
pub(crate) async fn commit_ways_in(
    journal: &Journal,
    unit: Box<dyn AccountUnit>,
    mut user: User,
    except: Option<SessionId>,
    event: NewEvent,
) -> Result<(), ApplicationError> {
    let revocation = Revocation { at: journal.now(), reason: RevocationReason::FactorsChanged };
    let void = end_all(unit.as_ref(), &mut user, except, revocation).await?;
    journal.commit_revoking(unit, event, &[void]).await
}

/// Takes what is gone from the methods of a session, so that it does not claim it any more. Returns the session, or
/// `None` if nothing is left that it began by: then it has to end, too.
///
/// # Errors
/// Those of the repositories.
pub(crate) async fn forget_methods(
    unit: &dyn AccountUnit,
    session: &RefreshToken,
    mut gone: impl Iterator<Item = Method> + Send,
) -> Result<Option<SessionId>, StoreError> {
    let Authentication { at, methods } = session.authentication;
    let Some(methods) = gone.try_fold(methods, |left, method| left.without(method)) else { return Ok(None) };
    unit.refresh_tokens().record_authentication(session.id, Authentication { at, methods }).await?;
    Ok(Some(session.id))
}
