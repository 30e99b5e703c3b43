/// A kind of proof that can be asked for, as clients know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorKind {
    /// The password, where there is no second factor.
    Password,
    /// A passkey.
    Passkey,
    /// A code of an authenticator app.
    Totp,
    /// A recovery code.
    RecoveryCode,
    /// A code that is mailed, where a factor is due and none is set up.
    EmailCode,
}

impl FactorKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Password, Self::Passkey, Self::Totp, Self::RecoveryCode, Self::EmailCode];

    /// Its name, which never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::EmailCode => "email_code",
        }
    }
}
