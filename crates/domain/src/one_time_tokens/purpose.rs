use chrono::TimeDelta;

use crate::ValidationError;

/// What a one-time token is good for. One for a purpose is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To prove that the address of an account is its owner's, or that of an account that is made by this proof.
    VerifyEmail,
    /// To choose a new password.
    ResetPassword,
    /// To confirm the new address of an account, at that address.
    ChangeEmail,
    /// To stop a change of the address, from the previous one.
    StopEmailChange,
    /// To sign in without a password.
    SignIn,
    /// To accept an invitation.
    Invitation,
    /// To finish a sign-in by a second factor. It is handed out, and not mailed.
    SecondFactor,
    /// To show a mailed code in place of a second factor that is due and not set up.
    EmailCode,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ChangeEmail,
        Self::StopEmailChange,
        Self::SignIn,
        Self::Invitation,
        Self::SecondFactor,
        Self::EmailCode,
    ];

    /// Those whose tokens are mailed.
    pub fn mailed() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|purpose| *purpose != Self::SecondFactor)
    }

    /// Its name, which never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::StopEmailChange => "stop_email_change",
            Self::SignIn => "sign_in",
            Self::Invitation => "invitation",
            Self::SecondFactor => "second_factor",
            Self::EmailCode => "email_code",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// `unknown_purpose`.
    pub fn parse(name: &str) -> Result<Self, ValidationError> {
        let found = Self::ALL.into_iter().find(|purpose| purpose.as_str() == name);
        found.ok_or_else(|| ValidationError::new("unknown_purpose", "This purpose is unknown."))
    }

    /// How long the link is good for.
    pub const fn lifetime(self) -> TimeDelta {
        match self {
            Self::SignIn | Self::SecondFactor | Self::EmailCode => TimeDelta::minutes(10),
            Self::ResetPassword | Self::ChangeEmail => TimeDelta::hours(1),
            Self::VerifyEmail | Self::StopEmailChange => TimeDelta::hours(24),
            Self::Invitation => TimeDelta::days(7),
        }
    }

    /// What a token for it begins with, so that scanners for leaked secrets know one when they see it.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::VerifyEmail => "hxv_",
            Self::ResetPassword => "hxp_",
            Self::ChangeEmail => "hxe_",
            Self::StopEmailChange => "hxx_",
            Self::SignIn => "hxs_",
            Self::Invitation => "hxi_",
            Self::SecondFactor => "hxc_",
            Self::EmailCode => "hxm_",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_has_a_name_and_a_prefix_of_its_own() {
        let names: HashSet<_> = Purpose::ALL.map(Purpose::as_str).into_iter().collect();
        let prefixes: HashSet<_> = Purpose::ALL.map(Purpose::prefix).into_iter().collect();
        assert_eq!((names.len(), prefixes.len()), (Purpose::ALL.len(), Purpose::ALL.len()));
        // Refresh tokens have it.
        assert!(!prefixes.contains("hxr_"));
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::parse(purpose.as_str()).unwrap(), purpose);
        }
        assert_eq!(Purpose::parse("login").unwrap_err().code, "unknown_purpose");
    }
}
