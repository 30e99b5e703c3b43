use chrono::TimeDelta;

use crate::users::Role;
use crate::{Timestamp, ValidationError};

/// The rule of who must have a second factor, and from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactorPolicy {
    /// Who.
    pub required_of: RequiredOf,
    /// How long an account may go without one, from its first sign-in under the policy.
    pub grace: TimeDelta,
}

/// Those who must have a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequiredOf {
    /// Nobody.
    #[default]
    Nobody,
    /// Admins.
    Admins,
    /// Everyone.
    Everyone,
}

/// When an account began to be one that must have a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// Its first sign-in since.
    pub began_at: Timestamp,
    /// When its password was last chosen by mail since, unless somebody else has set another afterwards.
    pub reset_at: Option<Timestamp>,
}

impl RequiredOf {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nobody, Self::Admins, Self::Everyone];

    /// Its name in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "optional",
            Self::Admins => "admins",
            Self::Everyone => "required",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// `unknown_second_factor_policy`.
    pub fn parse(name: &str) -> Result<Self, ValidationError> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == name);
        found.ok_or_else(|| {
            ValidationError::new("unknown_second_factor_policy", "It must be 'optional', 'admins' or 'required'.")
        })
    }
}

impl SecondFactorPolicy {
    /// Whether a user with this role must have one.
    pub fn requires(&self, role: Role) -> bool {
        match self.required_of {
            RequiredOf::Nobody => false,
            RequiredOf::Admins => role == Role::Admin,
            RequiredOf::Everyone => true,
        }
    }

    /// The time from which on an account whose grace began then cannot sign in without one.
    pub fn due_at(&self, grace: &Grace) -> Timestamp {
        grace.began_at + self.grace
    }
}

impl Default for SecondFactorPolicy {
    fn default() -> Self {
        Self { required_of: RequiredOf::Nobody, grace: TimeDelta::days(7) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_and_says_of_whom_it_is_required() {
        for required_of in RequiredOf::ALL {
            assert_eq!(RequiredOf::parse(required_of.as_str()).unwrap(), required_of);
            let policy = SecondFactorPolicy { required_of, ..SecondFactorPolicy::default() };
            assert_eq!(policy.requires(Role::Admin), required_of != RequiredOf::Nobody);
            assert_eq!(policy.requires(Role::User), required_of == RequiredOf::Everyone);
        }
        assert_eq!(RequiredOf::parse("always").unwrap_err().code, "unknown_second_factor_policy");
    }
}
