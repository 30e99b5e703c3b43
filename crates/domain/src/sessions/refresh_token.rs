use std::net::IpAddr;

use chrono::TimeDelta;

use crate::sessions::{Authentication, Methods, SessionId};
use crate::text::is_control;
use crate::users::UserId;
use crate::{Nonce, Timestamp, ValidationError};

/// A caller that races with another may have read its clock this much earlier than the winner, on a node whose clock
/// differs. A rotation that lies further ahead is not a race: the clock was set back, and nobody knows how old the
/// rotation is.
const MAX_HEAD_START: TimeDelta = TimeDelta::seconds(5);

/// One sign-in on one device. It is one row for ever: each use of its token adds one to `generation` instead of making
/// another row. Its id is the `sid` claim of access tokens, and the API lists it as a session.
///
/// ```
/// use domain::{Nonce, Timestamp};
/// use domain::sessions::{
///     Device, Generation, Method, Methods, NewRefreshToken, RefreshPolicy, RefreshToken, Rotation, SessionId,
/// };
/// use domain::users::UserId;
/// use uuid::Uuid;
///
/// // Ids, nonces and times come from ports; these are examples.
/// let id = SessionId::new(Uuid::from_u128(1));
/// let user_id = UserId::new(Uuid::from_u128(2));
/// let nonce = Nonce::new([0; Nonce::LENGTH]);
/// let at = |time: &str| format!("2026-11-21T{time}Z").parse::<Timestamp>().unwrap();
/// let policy = RefreshPolicy::default();
///
/// let (methods, device) = (Methods::only(Method::Password), Device::default());
/// let new = NewRefreshToken { id, user_id, nonce, methods, device };
/// let session = RefreshToken::start(new, at("12:00:00"), &policy);
///
/// // The current generation is exchanged for the next one.
/// let Rotation::Next(session) = session.rotate(Generation::FIRST, at("12:10:00"), &policy) else { panic!() };
/// assert_eq!(session.generation, Generation::FIRST.next());
///
/// // A lost response: the same child again. Later, it is a copy.
/// assert_eq!(session.rotate(Generation::FIRST, at("12:10:03"), &policy), Rotation::SameChild);
/// assert_eq!(session.rotate(Generation::FIRST, at("12:20:00"), &policy), Rotation::Reuse);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Never changes.
    pub id: SessionId,
    /// Whose session it is.
    pub user_id: UserId,
    /// Goes into the MAC of every token of the session, so that nobody can forge one with the key alone.
    pub nonce: Nonce,
    /// The generation that is valid now.
    pub generation: Generation,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When the current generation was handed out first.
    pub rotated_at: Timestamp,
    /// When the session was last used.
    pub last_used_at: Timestamp,
    /// The session ends here if it is not used before. Each rotation moves it.
    pub idle_expires_at: Timestamp,
    /// The session ends here in any case. Nothing moves it.
    pub expires_at: Timestamp,
    /// Set once the session was ended before its time.
    pub revocation: Option<Revocation>,
    /// How they signed in, or proved since who they are.
    pub authentication: Authentication,
    /// What signed in.
    pub device: Device,
}

/// What it takes to start a session.
#[derive(Clone, Debug)]
pub struct NewRefreshToken {
    /// A fresh id.
    pub id: SessionId,
    /// Whose session it is.
    pub user_id: UserId,
    /// A fresh nonce.
    pub nonce: Nonce,
    /// What was proven.
    pub methods: Methods,
    /// What signs in.
    pub device: Device,
}

impl RefreshToken {
    /// Starts a session.
    pub fn start(new: NewRefreshToken, now: Timestamp, policy: &RefreshPolicy) -> Self {
        let expires_at = now + policy.absolute_ttl;
        Self {
            id: new.id,
            user_id: new.user_id,
            nonce: new.nonce,
            generation: Generation::FIRST,
            created_at: now,
            rotated_at: now,
            last_used_at: now,
            idle_expires_at: expires_at.min(now + policy.idle_ttl),
            expires_at,
            revocation: None,
            authentication: Authentication { at: now, methods: new.methods },
            device: new.device,
        }
    }

    /// Whether the session can still be used.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revocation.is_none() && now < self.idle_expires_at && now < self.expires_at
    }

    /// Decides what a genuine token of generation `presented` is worth now.
    pub fn rotate(&self, presented: Generation, now: Timestamp, policy: &RefreshPolicy) -> Rotation {
        if !self.is_live(now) {
            return Rotation::Ended;
        }
        if presented == self.generation {
            return Rotation::Next(Self {
                generation: self.generation.next(),
                rotated_at: now,
                last_used_at: now,
                idle_expires_at: self.expires_at.min(now + policy.idle_ttl),
                ..self.clone()
            });
        }
        // The current generation is the child of `presented` and has not been used, or it would not be current. A racer
        // that read its clock before the winner did sees a negative age.
        let in_grace = !policy.grace.is_zero() && (-MAX_HEAD_START..=policy.grace).contains(&(now - self.rotated_at));
        if presented.next() == self.generation && in_grace {
            return Rotation::SameChild;
        }
        Rotation::Reuse
    }
}

/// What to do with a genuine refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Store this state if nobody else was faster, and hand out its generation.
    Next(RefreshToken),
    /// The response was lost or two callers raced: hand out the current generation again, store nothing.
    SameChild,
    /// There is a copy: revoke the session.
    Reuse,
    /// The session is revoked or expired.
    Ended,
}

/// How long sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// A session that is not used for this long ends.
    pub idle_ttl: TimeDelta,
    /// A session ends this long after the sign-in, used or not.
    pub absolute_ttl: TimeDelta,
    /// For this long after a rotation, also by a clock that is at most 5 seconds behind, the previous token gets the
    /// same child again. Zero: never.
    pub grace: TimeDelta,
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self { idle_ttl: TimeDelta::days(7), absolute_ttl: TimeDelta::days(30), grace: TimeDelta::seconds(10) }
    }
}

/// Counts the rotations of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(u32);

impl Generation {
    /// What a sign-in hands out.
    pub const FIRST: Self = Self(1);

    /// Wraps a stored or presented count.
    pub const fn new(count: u32) -> Self {
        Self(count)
    }

    /// The count.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        // One rotation a millisecond would take 49 days to get here, longer than a session lives by default; past it
        // the conditional update no longer matches and the session simply cannot be refreshed.
        Self(self.0.saturating_add(1))
    }
}

/// When and why a session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// Why a session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationReason {
    /// The user signed out, here or everywhere, or ended it from the list.
    Logout,
    /// An old refresh token came back: there is a copy.
    Reuse,
    /// The password was changed in another session.
    PasswordChanged,
    /// The user was given another password, or lost one: by an admin, by the operator, or by the proof of the address.
    PasswordSet,
    /// The email was changed in another session.
    EmailChanged,
    /// The second factors were changed, in another session or by an admin.
    FactorsChanged,
    /// The account was disabled.
    Disabled,
    /// An admin ended it.
    Admin,
    /// A client revoked one of its tokens (RFC 7009).
    Client,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::Logout,
        Self::Reuse,
        Self::PasswordChanged,
        Self::PasswordSet,
        Self::EmailChanged,
        Self::FactorsChanged,
        Self::Disabled,
        Self::Admin,
        Self::Client,
    ];

    /// The reason's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Reuse => "reuse",
            Self::PasswordChanged => "password_changed",
            Self::PasswordSet => "password_set",
            Self::EmailChanged => "email_changed",
            Self::FactorsChanged => "factors_changed",
            Self::Disabled => "disabled",
            Self::Admin => "admin",
            Self::Client => "client",
        }
    }

    /// Reads a reason's name.
    ///
    /// # Errors
    /// `unknown_reason` for any other text.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| ValidationError::new("unknown_reason", "This must be a reason to revoke."))
    }
}

/// What signed in, as far as the request told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    user_agent: Option<String>,
    address: Option<IpAddr>,
}

impl Device {
    /// Most characters of a user agent that are kept.
    pub const MAX_USER_AGENT_LENGTH: usize = 256;

    /// Keeps what is fit to be stored and shown: a user agent is cut, and what has no place in a line is dropped.
    pub fn new(user_agent: Option<&str>, address: Option<IpAddr>) -> Self {
        let user_agent = user_agent.map(|text| {
            text.chars().filter(|char| !is_control(*char)).take(Self::MAX_USER_AGENT_LENGTH).collect::<String>()
        });
        Self { user_agent: user_agent.filter(|text| !text.is_empty()), address }
    }

    /// The `User-Agent` header.
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// The client's address.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::sessions::Method;

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn session() -> RefreshToken {
        let new = NewRefreshToken {
            id: SessionId::new(Uuid::from_u128(1)),
            user_id: UserId::new(Uuid::from_u128(2)),
            nonce: Nonce::new([7; 16]),
            methods: Methods::only(Method::Password),
            device: Device::default(),
        };
        RefreshToken::start(new, at(0), &RefreshPolicy::default())
    }

    fn next(rotation: Rotation) -> RefreshToken {
        match rotation {
            Rotation::Next(next) => next,
            other => panic!("expected Next, got {other:?}"),
        }
    }

    #[test]
    fn the_current_generation_rotates() {
        let policy = RefreshPolicy::default();
        let rotated = next(session().rotate(Generation::FIRST, at(60), &policy));
        assert_eq!(rotated.generation, Generation::new(2));
        assert_eq!((rotated.rotated_at, rotated.last_used_at), (at(60), at(60)));
        assert_eq!(rotated.idle_expires_at, at(60) + policy.idle_ttl);
        assert_eq!(rotated.expires_at, session().expires_at);
    }

    #[test]
    fn the_predecessor_gets_the_same_child_within_the_grace_window_only() {
        let policy = RefreshPolicy::default();
        let rotated = next(session().rotate(Generation::FIRST, at(60), &policy));
        for seconds in [55, 60, 70] {
            assert_eq!(rotated.rotate(Generation::FIRST, at(seconds), &policy), Rotation::SameChild);
        }
        assert_eq!(rotated.rotate(Generation::FIRST, at(71), &policy), Rotation::Reuse);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_lengthen_the_grace_window() {
        let policy = RefreshPolicy { grace: TimeDelta::hours(1), ..RefreshPolicy::default() };
        let rotated = next(session().rotate(Generation::FIRST, at(60), &policy));
        for seconds in [54, 0, -1020] {
            let rotation = rotated.rotate(Generation::FIRST, at(seconds), &policy);
            assert_eq!(rotation, Rotation::Reuse, "{} s before the rotation", 60 - seconds);
        }
    }

    #[test]
    fn without_grace_the_predecessor_is_reuse_at_once() {
        let policy = RefreshPolicy { grace: TimeDelta::zero(), ..RefreshPolicy::default() };
        let rotated = next(session().rotate(Generation::FIRST, at(60), &policy));
        assert_eq!(rotated.rotate(Generation::FIRST, at(60), &policy), Rotation::Reuse);
    }

    #[test]
    fn once_the_child_is_used_the_predecessor_is_reuse() {
        let policy = RefreshPolicy::default();
        let child = next(session().rotate(Generation::FIRST, at(60), &policy));
        let grandchild = next(child.rotate(Generation::new(2), at(61), &policy));
        assert_eq!(grandchild.rotate(Generation::FIRST, at(62), &policy), Rotation::Reuse);
    }

    #[test]
    fn a_generation_from_the_future_is_reuse() {
        // It can only come from before a database was restored to an older state.
        let policy = RefreshPolicy::default();
        assert_eq!(session().rotate(Generation::new(9), at(1), &policy), Rotation::Reuse);
    }

    #[test]
    fn a_revoked_or_expired_session_has_ended() {
        let policy = RefreshPolicy::default();
        let idle = at(0) + policy.idle_ttl;
        assert_eq!(session().rotate(Generation::FIRST, idle, &policy), Rotation::Ended);
        let revocation = Some(Revocation { at: at(1), reason: RevocationReason::Logout });
        let revoked = RefreshToken { revocation, ..session() };
        assert_eq!(revoked.rotate(Generation::FIRST, at(2), &policy), Rotation::Ended);
        assert_eq!(revoked.rotate(Generation::new(9), at(2), &policy), Rotation::Ended);
    }

    #[test]
    fn a_user_agent_is_cut_and_cleaned() {
        let device = Device::new(Some(&format!("a\u{1b}[31m\n{}", "é".repeat(400))), None);
        let kept = device.user_agent().unwrap();
        assert!(kept.starts_with("a[31mé"));
        assert_eq!(kept.chars().count(), Device::MAX_USER_AGENT_LENGTH);
        assert_eq!(Device::new(Some("\n"), None).user_agent(), None);
    }

    proptest! {
        /// Whatever is presented whenever, the absolute expiry stands, generations go up by one, and an idle expiry
        /// never outlives the absolute one.
        #[test]
        fn rotation_keeps_its_laws(steps in prop::collection::vec((0i64..400_000, 0u32..6), 1..40)) {
            let policy = RefreshPolicy::default();
            let (mut session, mut now) = (session(), at(0));
            let expires_at = session.expires_at;
            for (wait, back) in steps {
                now += TimeDelta::seconds(wait);
                let presented = Generation::new(session.generation.get().saturating_sub(back));
                match session.rotate(presented, now, &policy) {
                    Rotation::Next(next) => {
                        prop_assert_eq!(presented, session.generation);
                        prop_assert_eq!(next.generation.get(), session.generation.get() + 1);
                        session = next;
                    }
                    Rotation::SameChild => prop_assert_eq!(presented.next(), session.generation),
                    Rotation::Reuse => prop_assert!(presented < session.generation),
                    Rotation::Ended => prop_assert!(!session.is_live(now)),
                }
                prop_assert_eq!(session.expires_at, expires_at);
                prop_assert!(session.idle_expires_at <= expires_at);
            }
        }
    }
}
