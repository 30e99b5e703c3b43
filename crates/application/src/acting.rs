//! How an actor writes: in a unit of work that begins with the proof that they still may.

use chrono::TimeDelta;
use domain::Clock;
use domain::identities::Identity;
use domain::passkeys::Passkey;
use domain::providers::IdentityProviders;
use domain::sessions::RefreshToken;
use domain::units::{AccountUnit, Begin, UnitOfWork};
use domain::users::{User, UserId, UserIdentifier};

use crate::second_factors::kinds_of;
use crate::sudo::{is_proven, strongest};
use crate::{Actor, ApplicationError, Target};

/// A unit of work about an account, begun by somebody who may act on it.
pub(crate) struct OnAccount {
    pub(crate) unit: Box<dyn AccountUnit>,
    /// The actor's session.
    pub(crate) session: RefreshToken,
    /// The account, locked.
    pub(crate) user: User,
    /// All active admins, locked, where the unit was begun by [`Target::User`]; empty otherwise.
    pub(crate) admins: Vec<UserId>,
}

/// Begins a unit of work of the actor's own, and returns it with their account. Every use case in which an actor writes
/// begins its unit here or by [`begin_on`], after any work that takes time.
///
/// The account stays locked until the unit ends, and nothing ends the actor without that lock: neither disabling nor a
/// change of role or password, nor the end of their session.
///
/// # Errors
/// [`ApplicationError::InvalidAccessToken`] when the actor may no longer act: they were deleted or disabled, have
/// another epoch or role, or their session or token has ended. [`ApplicationError::Unavailable`].
pub(crate) async fn begin_as<U: UnitOfWork + ?Sized>(
    units: &dyn Begin<U>,
    actor: &Actor,
    clock: &dyn Clock,
) -> Result<(Box<U>, User), ApplicationError> {
    let (unit, _, user) = begin_in_session(units, actor, clock).await?;
    Ok((unit, user))
}

/// As [`begin_as`], with the actor's session.
///
/// # Errors
/// Those of [`begin_as`].
pub(crate) async fn begin_in_session<U: UnitOfWork + ?Sized>(
    units: &dyn Begin<U>,
    actor: &Actor,
    clock: &dyn Clock,
) -> Result<(Box<U>, RefreshToken, User), ApplicationError> {
    let unit = units.begin().await?;
    let (session, user) = hold(unit.as_ref(), actor, clock).await?;
    Ok((unit, session, user))
}

/// A unit of work of an actor's own who has proven lately who they are.
pub(crate) struct Proven {
    pub(crate) unit: Box<dyn AccountUnit>,
    /// The actor's account, locked.
    pub(crate) user: User,
    /// The actor's session.
    pub(crate) session: RefreshToken,
}

/// As [`begin_as`], for what changes how somebody gets in: the actor must have proven at most `window` ago who they
/// are, and by a second factor if they have one. Whoever only holds their token gets no further.
///
/// # Errors
/// Those of [`begin_as`]; [`ApplicationError::StepUpRequired`].
pub(crate) async fn begin_proven(
    units: &dyn Begin<dyn AccountUnit>,
    actor: &Actor,
    clock: &dyn Clock,
    window: TimeDelta,
) -> Result<Proven, ApplicationError> {
    let (unit, session, user) = begin_in_session(units, actor, clock).await?;
    require_proof(unit.as_ref(), &session, clock, window).await?;
    Ok(Proven { unit, user, session })
}

/// Checks the same as [`begin_proven`], and lets the unit go: nothing stays locked.
///
/// # Errors
/// Those of [`begin_proven`].
pub(crate) async fn check_proven(
    units: &dyn Begin<dyn AccountUnit>,
    actor: &Actor,
    clock: &dyn Clock,
    window: TimeDelta,
) -> Result<(), ApplicationError> {
    begin_proven(units, actor, clock, window).await.map(drop)
}

/// Rejects an actor who has not proven lately, in this session, who they are: at most `window` ago, and by a second
/// factor if they have one.
///
/// # Errors
/// [`ApplicationError::StepUpRequired`]; [`ApplicationError::Unavailable`].
pub(crate) async fn require_proof(
    unit: &dyn AccountUnit,
    session: &RefreshToken,
    clock: &dyn Clock,
    window: TimeDelta,
) -> Result<(), ApplicationError> {
    let second = kinds_of(unit.factors(), unit.passkeys(), session.user_id).await?;
    if is_proven(session.authentication, &second, window, clock.now()) {
        return Ok(());
    }
    let has_password = has_password(unit, session.user_id).await?;
    Err(ApplicationError::StepUpRequired { factors: strongest(second, has_password) })
}

/// Refuses what leaves no way into an account: neither a password, nor a passkey where there are passkeys, nor an
/// account at a provider that is configured. A passkey whose authenticator never found out who uses it signs in after
/// something else only, and does not count; nor does that a mail to the address could bring a way in. The account must
/// be locked, and what is to go must be gone, in this unit.
///
/// # Errors
/// [`ApplicationError::LastWayIn`]; [`ApplicationError::Unavailable`].
pub(crate) async fn keep_a_way_in(
    unit: &dyn AccountUnit,
    user: UserId,
    providers: &dyn IdentityProviders,
    are_passkeys_on: bool,
) -> Result<(), ApplicationError> {
    let providers = providers.list();
    // By the issuer one signs in, whatever the provider was called when the account was linked.
    let is_usable = |identity: &Identity| providers.iter().any(|it| it.issuer == identity.account.issuer());
    let signs_in = |passkey: &Passkey| passkey.has_verified_user;
    let is_left = has_password(unit, user).await?
        || (are_passkeys_on && unit.passkeys().list(user).await?.iter().any(signs_in))
        || unit.identities().list(user).await?.iter().any(is_usable);
    if is_left { Ok(()) } else { Err(ApplicationError::LastWayIn) }
}

/// Whether this account has a password, as this unit sees it.
///
/// # Errors
/// [`ApplicationError::Unavailable`].
pub(crate) async fn has_password(unit: &dyn AccountUnit, user: UserId) -> Result<bool, ApplicationError> {
    let found = unit.passwords().find_with_user(&UserIdentifier::Id(user)).await?;
    Ok(found.is_some_and(|(_, hash)| hash.is_some()))
}

/// As [`begin_as`], for what is done to an account: one's own, or anybody's for an admin.
///
/// An admin locks all active admins and the account at once, so that admins who act on each other do not wait in a
/// circle.
///
/// # Errors
/// Those of [`begin_as`]; [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`].
pub(crate) async fn begin_on(
    units: &dyn Begin<dyn AccountUnit>,
    actor: &Actor,
    target: Target,
    clock: &dyn Clock,
) -> Result<OnAccount, ApplicationError> {
    let id = target.authorize(actor)?;
    if target == Target::Me {
        let (unit, session, user) = begin_in_session(units, actor, clock).await?;
        return Ok(OnAccount { unit, session, user, admins: Vec::new() });
    }
    let unit = units.begin().await?;
    let admins = unit.users().lock_active_admins(Some(id)).await?;
    if !admins.contains(&actor.user_id) {
        return Err(ApplicationError::InvalidAccessToken);
    }
    let user = unit.users().find_by_id_for_update(id).await?;
    // After the wait for the locks, in which the token may have expired. An actor who may no longer act does not learn
    // whether the account exists.
    let (session, _) = hold(unit.as_ref(), actor, clock).await?;
    let user = user.ok_or(ApplicationError::NotFound)?;
    Ok(OnAccount { unit, session, user, admins })
}

/// Accepts an actor who still may act, and keeps it so until the unit ends. Every other account that the unit locks
/// must be locked before: this looks at the clock, and waiting for a lock takes time.
async fn hold<U: UnitOfWork + ?Sized>(
    unit: &U,
    actor: &Actor,
    clock: &dyn Clock,
) -> Result<(RefreshToken, User), ApplicationError> {
    let found = unit.hold(actor.user_id, actor.session).await?;
    let now = clock.now();
    let still = found.filter(|(session, user)| actor.holds(session, user, now));
    still.ok_or(ApplicationError::InvalidAccessToken)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use domain::MockClock;
    use domain::sessions::{Revocation, RevocationReason, SessionId};
    use domain::units::{MockAccountUnit, MockUnits};
    use domain::users::{Epoch, Role};
    use uuid::Uuid;

    use super::*;
    use crate::testing::{a_session, a_unit_of, a_user, an_actor, an_admin, clock, now, session_of, user_id, user_of};

    fn is_refused<T>(result: Result<T, ApplicationError>) -> bool {
        matches!(result, Err(ApplicationError::InvalidAccessToken))
    }

    /// The actor's account and session as the unit finds them.
    fn finding(session: Option<RefreshToken>, user: User) -> MockAccountUnit {
        let mut unit = MockAccountUnit::default();
        unit.unit.held = Some(session.map(|session| (session, user)));
        unit
    }

    async fn begin(actor: &Actor, unit: MockAccountUnit) -> Result<User, ApplicationError> {
        let units = MockUnits::new([unit]);
        begin_as::<dyn AccountUnit>(&units, actor, clock().as_ref()).await.map(|(_, user)| user)
    }

    #[tokio::test]
    async fn an_actor_who_still_may_act_gets_a_unit() {
        assert_eq!(begin(&an_actor(), a_unit_of(&an_actor())).await.unwrap(), a_user());
    }

    #[tokio::test]
    async fn an_actor_who_has_ended_meanwhile_gets_none() {
        let revocation = Some(Revocation { at: now(), reason: RevocationReason::Logout });
        let another = SessionId::new(Uuid::from_u128(99));
        for (session, user) in [
            (Some(a_session()), User { is_active: false, ..a_user() }),
            (Some(a_session()), User { epoch: Epoch::new(1), ..a_user() }),
            (Some(a_session()), User { role: Role::Admin, ..a_user() }),
            (None, a_user()),
            (Some(RefreshToken { revocation, ..a_session() }), a_user()),
            (Some(RefreshToken { idle_expires_at: now(), ..a_session() }), a_user()),
            (Some(RefreshToken { expires_at: now(), ..a_session() }), a_user()),
            (Some(RefreshToken { id: another, ..a_session() }), a_user()),
            (Some(RefreshToken { user_id: an_admin().user_id, ..a_session() }), a_user()),
        ] {
            let unit = finding(session.clone(), user.clone());
            assert!(is_refused(begin(&an_actor(), unit).await), "{session:?} {user:?}");
        }
    }

    #[tokio::test]
    async fn an_expired_token_and_a_deleted_account_get_none() {
        let late = Actor { token_expires_at: now(), ..an_actor() };
        assert!(is_refused(begin(&late, a_unit_of(&late)).await));
        let mut unit = MockAccountUnit::default();
        unit.unit.held = Some(None);
        assert!(is_refused(begin(&an_actor(), unit).await));
    }

    #[tokio::test]
    async fn an_admin_who_was_demoted_or_is_of_another_epoch_gets_none() {
        let mut gone = MockAccountUnit::default();
        gone.users.expect_lock_active_admins().return_once(|_| Ok(vec![user_id()]));
        let mut changed = MockAccountUnit::default();
        changed.users.expect_lock_active_admins().return_once(|_| Ok(vec![an_admin().user_id]));
        let user = User { epoch: Epoch::new(1), ..user_of(&an_admin()) };
        let session = session_of(&an_admin());
        changed.users.expect_find_by_id_for_update().return_once(|_| Ok(Some(a_user())));
        changed.unit.held = Some(Some((session, user)));
        let units = MockUnits::new([gone, changed]);
        for _ in 0..2 {
            assert!(is_refused(begin_on(&units, &an_admin(), Target::User(user_id()), clock().as_ref()).await));
        }
    }

    #[tokio::test]
    async fn an_admin_whose_token_expires_while_they_wait_for_the_account_gets_none() {
        for target in [Some(a_user()), None] {
            let has_expired = Arc::new(AtomicBool::new(false));
            let (expire, is_late) = (Arc::clone(&has_expired), has_expired);
            let mut clock = MockClock::new();
            clock.expect_now().returning(move || match is_late.load(Ordering::SeqCst) {
                true => an_admin().token_expires_at,
                false => now(),
            });
            let mut unit = MockAccountUnit::default();
            unit.users.expect_lock_active_admins().return_once(|_| Ok(vec![an_admin().user_id]));
            unit.users.expect_find_by_id_for_update().return_once(move |_| {
                expire.store(true, Ordering::SeqCst);
                Ok(target)
            });
            unit.unit.held = Some(Some((session_of(&an_admin()), user_of(&an_admin()))));
            let units = MockUnits::new([unit]);
            assert!(is_refused(begin_on(&units, &an_admin(), Target::User(user_id()), &clock).await));
        }
    }

    #[tokio::test]
    async fn of_an_account_that_is_gone_hears_who_still_may() {
        let mut unit = a_unit_of(&an_admin());
        unit.users.expect_lock_active_admins().return_once(|_| Ok(vec![an_admin().user_id]));
        unit.users.expect_find_by_id_for_update().return_once(|_| Ok(None));
        let units = MockUnits::new([unit]);
        let result = begin_on(&units, &an_admin(), Target::User(user_id()), clock().as_ref()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }

    #[tokio::test]
    async fn a_user_does_not_even_begin_on_another() {
        let units = MockUnits::<MockAccountUnit>::default();
        let result = begin_on(&units, &an_actor(), Target::User(user_id()), clock().as_ref()).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
    }
}
