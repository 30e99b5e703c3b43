use crate::ValidationError;

/// Who gets an account without an admin. It is asked whenever an account is made and whenever a session begins, so that
/// accounts that were made under another mode are judged by the present one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Anyone.
    #[default]
    Open,
    /// Whoever proves that the address is theirs. Without that proof no account has a session either.
    Verified,
    /// Nobody.
    Closed,
}

impl RegistrationMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Verified, Self::Closed];

    /// Its name in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Verified => "verified",
            Self::Closed => "closed",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// `unknown_registration_mode`.
    pub fn parse(name: &str) -> Result<Self, ValidationError> {
        let found = Self::ALL.into_iter().find(|mode| mode.as_str() == name);
        found.ok_or_else(|| {
            ValidationError::new("unknown_registration_mode", "The mode must be 'open', 'verified' or 'closed'.")
        })
    }

    /// Whether somebody who is not an admin may make an account with an address that they have proven, or have not.
    pub const fn admits(self, has_proven_address: bool) -> bool {
        match self {
            Self::Open => true,
            Self::Verified => has_proven_address,
            Self::Closed => false,
        }
    }

    /// Whether an account needs a proven address to have a session.
    pub const fn needs_proof(self) -> bool {
        matches!(self, Self::Verified)
    }
}
