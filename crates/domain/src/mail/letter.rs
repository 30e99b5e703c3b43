use std::net::IpAddr;

use crate::ValidationError;
use crate::one_time_tokens::Purpose;

/// What a mail says.
///
/// No text that a user typed is part of one, so that nobody speaks to others through our mail. So no passkey
/// and no app is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Letter {
    /// Here is a link, and a code, for what somebody asked for.
    Token(Purpose),
    /// The address of your account is another one now.
    EmailChanged,
    /// Somebody wanted to register with your address, and you have an account already.
    AlreadyRegistered,
    /// Your password was changed.
    PasswordChanged,
    /// Somebody signed in to your account from a device that was not seen before.
    NewDevice {
        /// What it calls itself, as far as it is known: `Firefox on Linux`.
        device: Option<String>,
        /// The client's address.
        address: Option<IpAddr>,
    },
    /// An authenticator app is a factor of your account now.
    FactorAdded,
    /// An authenticator app is not a factor of your account any more.
    FactorRemoved,
    /// A passkey is a way into your account now.
    PasskeyAdded,
    /// A passkey is no way into your account any more.
    PasskeyRemoved,
    /// A passkey of your account was refused, since there may be a copy of it.
    PasskeySuspected,
    /// All second factors of your account were removed for you.
    FactorsReset,
    /// A recovery code of your account was used.
    RecoveryCodeUsed {
        /// How many are left.
        left: u64,
    },
    /// Your recovery codes were replaced by others.
    RecoveryCodesRenewed,
    /// An account at an identity provider signs in to your account now.
    IdentityLinked {
        /// What the operator calls the provider; `None` where the stored letter does not say.
        provider: Option<String>,
    },
    /// An account at an identity provider does not sign in to your account any more.
    IdentityUnlinked {
        /// What the operator calls the provider; `None` where the stored letter does not say.
        provider: Option<String>,
    },
    /// Your account was disabled.
    AccountDisabled,
    /// Your account was deleted.
    AccountDeleted,
    /// Mail works.
    Test,
}

impl Letter {
    /// The name of its template, which never changes.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Token(purpose) => purpose.as_str(),
            Self::EmailChanged => "email_changed",
            Self::AlreadyRegistered => "already_registered",
            Self::PasswordChanged => "password_changed",
            Self::NewDevice { .. } => "new_device",
            Self::FactorAdded => "factor_added",
            Self::FactorRemoved => "factor_removed",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::PasskeySuspected => "passkey_suspected",
            Self::FactorsReset => "factors_reset",
            Self::RecoveryCodeUsed { .. } => "recovery_code_used",
            Self::RecoveryCodesRenewed => "recovery_codes_renewed",
            Self::IdentityLinked { .. } => "identity_linked",
            Self::IdentityUnlinked { .. } => "identity_unlinked",
            Self::AccountDisabled => "account_disabled",
            Self::AccountDeleted => "account_deleted",
            Self::Test => "test",
        }
    }

    /// One of every kind, without details. What is missing here is neither read from the outbox nor tried at the start.
    pub fn every() -> impl Iterator<Item = Self> {
        let others = [
            Self::EmailChanged,
            Self::AlreadyRegistered,
            Self::PasswordChanged,
            Self::NewDevice { device: None, address: None },
            Self::FactorAdded,
            Self::FactorRemoved,
            Self::PasskeyAdded,
            Self::PasskeyRemoved,
            Self::PasskeySuspected,
            Self::FactorsReset,
            Self::RecoveryCodeUsed { left: 0 },
            Self::RecoveryCodesRenewed,
            Self::IdentityLinked { provider: None },
            Self::IdentityUnlinked { provider: None },
            Self::AccountDisabled,
            Self::AccountDeleted,
            Self::Test,
        ];
        Purpose::mailed().map(Self::Token).chain(others)
    }

    /// The letter of this [`kind`](Letter::kind), without details.
    ///
    /// # Errors
    /// `unknown_letter`.
    pub fn parse(kind: &str) -> Result<Self, ValidationError> {
        let found = Self::every().find(|letter| letter.kind() == kind);
        found.ok_or_else(|| ValidationError::new("unknown_letter", "This letter is unknown."))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_has_a_kind_of_its_own_by_which_it_is_read() {
        let kinds: HashSet<_> = Letter::every().map(|letter| letter.kind()).collect();
        assert_eq!(kinds.len(), Letter::every().count());
        for letter in Letter::every() {
            assert_eq!(Letter::parse(letter.kind()).unwrap(), letter);
        }
        assert_eq!(Letter::parse("spam").unwrap_err().code, "unknown_letter");
    }
}
