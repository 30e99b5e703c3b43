use std::fmt;

use crate::users::{Email, Profile, UserId};
use crate::{Timestamp, ValidationError};

/// Somebody with an account. What they sign in with is kept apart: no credential is read with a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Never changes.
    pub id: UserId,
    /// Unique, compared without case.
    pub email: Email,
    /// What the user tells about themselves.
    pub profile: Profile,
    /// What the user may do.
    pub role: Role,
    /// A user who is not active cannot sign in, and has no live session.
    pub is_active: bool,
    /// Whether the user has proven to hold the address. Changing the email clears it.
    pub email_verified: bool,
    /// Counts the events that void the user's access tokens.
    pub epoch: Epoch,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When anything that the user or an admin can edit last changed. A sign-in does not count.
    pub updated_at: Timestamp,
    /// The last sign-in with a password.
    pub last_login: Option<Timestamp>,
}

impl User {
    /// Whether this user counts for the rule that one active admin must remain.
    pub fn is_active_admin(&self) -> bool {
        self.is_active && self.role == Role::Admin
    }

    /// Gives the user another email, which is not verified until it was proven to be theirs.
    pub fn set_email(&mut self, email: Email) {
        // Another spelling of the same address stays verified.
        self.email_verified &= self.email == email;
        self.email = email;
    }

    /// Gives the user another role. Access tokens with the old one become void.
    pub fn set_role(&mut self, role: Role) {
        if self.role != role {
            self.role = role;
            self.void_access_tokens();
        }
    }

    /// Enables or disables the account. Disabling voids the access tokens; the caller ends the sessions.
    pub fn set_active(&mut self, is_active: bool) {
        if self.is_active && !is_active {
            self.void_access_tokens();
        }
        self.is_active = is_active;
    }

    /// Makes every access token issued so far void.
    pub fn void_access_tokens(&mut self) {
        self.epoch = self.epoch.next();
    }
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Their own account and resources.
    User,
    /// Everybody's.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 2] = [Role::User, Role::Admin];

    /// The role's name in tokens, in the database and over HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Admin => "admin",
        }
    }

    /// Reads a role's name.
    ///
    /// # Errors
    /// `unknown_role` for any other text.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| ValidationError::new("unknown_role", "A role must be 'user' or 'admin'."))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Counts up each time all access tokens of a user become void: role or password changed, disabled, signed out
/// everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u32);

impl Epoch {
    /// Greater than every epoch that a token can have: all tokens of a deleted user are void.
    pub const END: Self = Self(u32::MAX);

    /// Greater than every epoch that an account has reached, and far from the end: of an account whose count cannot be
    /// read. The next change of it voids all tokens.
    pub const UNREADABLE: Self = Self(1 << 31);

    /// Wraps a stored count.
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
        // Four billion password changes of one user do not happen.
        Self(self.0.saturating_add(1))
    }
}
