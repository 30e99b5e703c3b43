use chrono::TimeDelta;

use crate::{Timestamp, ValidationError};

/// When and how somebody proved last who they are: the claims `auth_time` (OpenID Connect Core, section 2) and `amr`
/// (RFC 8176). A refresh leaves it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// When.
    pub at: Timestamp,
    /// How.
    pub methods: Methods,
}

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A password.
    Password,
    /// A code or a link from a mail.
    Mail,
    /// A code of an authenticator app.
    Totp,
    /// A recovery code.
    RecoveryCode,
    /// A passkey: that its key is there.
    Passkey,
    /// The authenticator of the passkey found out who uses it, by a PIN or a finger.
    UserVerified,
    /// An identity provider's word.
    Provider,
}

/// Some methods, one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Methods(u8);

impl Authentication {
    /// Whether it is at most `window` old.
    pub fn is_recent(&self, window: TimeDelta, now: Timestamp) -> bool {
        now - self.at <= window
    }
}

impl Method {
    const ALL: [Self; 7] =
        [Self::Password, Self::Mail, Self::Totp, Self::RecoveryCode, Self::Passkey, Self::UserVerified, Self::Provider];

    /// Its name, which never changes. `pwd`, `otp`, `pop` and `user` are those of RFC 8176, section 2, which has none
    /// for the others.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Mail => "mail",
            Self::Totp => "otp",
            Self::RecoveryCode => "recovery",
            Self::Passkey => "pop",
            Self::UserVerified => "user",
            Self::Provider => "fed",
        }
    }

    /// Whether it is a second factor.
    const fn is_second(self) -> bool {
        matches!(self, Self::Totp | Self::RecoveryCode | Self::Passkey)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Methods {
    /// The name of two factors together (RFC 8176, section 2).
    const TWO_FACTORS: &str = "mfa";

    /// This one.
    pub const fn only(method: Method) -> Self {
        Self(method.bit())
    }

    /// These and this one.
    #[must_use]
    pub const fn and(self, method: Method) -> Self {
        Self(self.0 | method.bit())
    }

    /// These without this one, if any are left.
    pub const fn without(self, method: Method) -> Option<Self> {
        match self.0 & !method.bit() {
            0 => None,
            left => Some(Self(left)),
        }
    }

    /// Whether this one is among them.
    pub const fn has(self, method: Method) -> bool {
        self.0 & method.bit() != 0
    }

    /// Whether a second factor is among them.
    pub fn has_second_factor(self) -> bool {
        self.iter().any(Method::is_second)
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Method> {
        Method::ALL.into_iter().filter(move |method| self.has(*method))
    }

    /// Their names, and `mfa` for two factors: the claim `amr`.
    pub fn names(self) -> Vec<&'static str> {
        let is_two = self.has_second_factor() && self.iter().any(|method| !method.is_second());
        self.iter().map(Method::as_str).chain(is_two.then_some(Self::TWO_FACTORS)).collect()
    }

    /// Reads names. Those that are unknown are left out: they are of another version.
    ///
    /// # Errors
    /// `no_method` when none is left.
    pub fn read<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, ValidationError> {
        let methods = names.into_iter().filter_map(|name| Method::ALL.into_iter().find(|it| it.as_str() == name));
        let bits = methods.fold(0, |bits, method| bits | method.bit());
        if bits == 0 {
            return Err(ValidationError::new("no_method", "There must be one method at least."));
        }
        Ok(Self(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let both = Methods::only(Method::Password).and(Method::Totp);
        assert_eq!(both.names(), ["pwd", "otp", "mfa"]);
        assert_eq!(Methods::only(Method::Mail).names(), ["mail"]);
        // With user verification, a passkey alone is two factors.
        let passkey = Methods::only(Method::Passkey);
        assert_eq!(passkey.names(), ["pop"]);
        assert_eq!(passkey.and(Method::UserVerified).names(), ["pop", "user", "mfa"]);
        for methods in [
            both,
            passkey.and(Method::UserVerified),
            Methods::only(Method::RecoveryCode),
            Methods::only(Method::Mail).and(Method::RecoveryCode),
        ] {
            assert_eq!(Methods::read(methods.names()).unwrap(), methods);
        }
        assert_eq!(Methods::read(["pwd", "face"]).unwrap(), Methods::only(Method::Password));
        assert!(Methods::read(["mfa", ""]).is_err());
    }

    #[test]
    fn methods_are_added_and_taken_away() {
        let both = Methods::only(Method::Password).and(Method::Totp);
        assert!(both.has_second_factor() && !Methods::only(Method::Mail).has_second_factor());
        assert_eq!(both.without(Method::Totp), Some(Methods::only(Method::Password)));
        assert_eq!(Methods::only(Method::Totp).without(Method::Totp), None);
    }

    #[test]
    fn it_is_recent_for_the_whole_window() {
        let at = Timestamp::default();
        let authentication = Authentication { at, methods: Methods::only(Method::Password) };
        let window = TimeDelta::minutes(10);
        assert!(authentication.is_recent(window, at + window));
        assert!(!authentication.is_recent(window, at + window + TimeDelta::seconds(1)));
    }
}
