use std::fmt;

use super::PasskeyId;
use crate::factors::FactorName;
use crate::users::UserId;
use crate::{Timestamp, ValidationError};

/// A passkey of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Never changes.
    pub id: PasskeyId,
    /// Whose it is. The row decides, and not what an authenticator says of its user.
    pub user_id: UserId,
    /// Another one than those of the user's others, compared without case.
    pub name: FactorName,
    /// What the authenticator calls it. No two passkeys have the same.
    pub credential_id: CredentialId,
    /// What its signatures are checked with.
    pub public_key: PasskeyPublicKey,
    /// How often it has signed, as it said last. 0 when it does not count.
    pub sign_count: u32,
    /// Whether it may be copied to other devices. Once it may, it may for ever.
    pub is_backup_eligible: bool,
    /// Whether it was copied, as it said last.
    pub is_backed_up: bool,
    /// Whether its authenticator has ever found out who uses it (`uvInitialized` of Web Authentication Level 3, section
    /// 4): only then it signs in by itself.
    pub has_verified_user: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last used to prove who its user is.
    pub last_used_at: Option<Timestamp>,
}

/// What it takes to register one.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// A fresh id.
    pub id: PasskeyId,
    /// Whose it is.
    pub user_id: UserId,
    /// What the user calls it.
    pub name: FactorName,
    /// What was found out about it.
    pub credential: RegisteredCredential,
}

/// A passkey whose registration was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredCredential {
    /// What the authenticator calls it.
    pub id: CredentialId,
    /// What its signatures are checked with.
    pub public_key: PasskeyPublicKey,
    /// How often it has signed.
    pub sign_count: u32,
    /// Whether it may be copied to other devices.
    pub is_backup_eligible: bool,
    /// Whether it was.
    pub is_backed_up: bool,
    /// Whether the authenticator found out who uses it.
    pub is_user_verified: bool,
}

/// What an authenticator calls a passkey: 16 to 1023 bytes (Web Authentication Level 3, section 4, Credential ID).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CredentialId(Vec<u8>);

/// A public key, in the form of the adapter that checks signatures with it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasskeyPublicKey(Vec<u8>);

/// What a passkey said of itself when it was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasskeyUse {
    /// How often it has signed.
    pub sign_count: u32,
    /// Whether it may be copied to other devices.
    pub is_backup_eligible: bool,
    /// Whether it was.
    pub is_backed_up: bool,
    /// Whether its authenticator found out who uses it.
    pub is_user_verified: bool,
    /// When.
    pub at: Timestamp,
}

impl Passkey {
    /// Most that a user has.
    pub const MAX_PER_USER: usize = 20;

    /// Registers one.
    pub fn register(new: NewPasskey, now: Timestamp) -> Self {
        let NewPasskey { id, user_id, name, credential } = new;
        Self {
            id,
            user_id,
            name,
            credential_id: credential.id,
            public_key: credential.public_key,
            sign_count: credential.sign_count,
            is_backup_eligible: credential.is_backup_eligible,
            is_backed_up: credential.is_backed_up,
            has_verified_user: credential.is_user_verified,
            created_at: now,
            last_used_at: None,
        }
    }
}

impl CredentialId {
    /// Fewest bytes: 100 bits of them are random at least.
    pub const MIN_BYTES: usize = 16;
    /// Most bytes.
    pub const MAX_BYTES: usize = 1023;

    /// Takes bytes.
    ///
    /// # Errors
    /// `invalid_credential_id`.
    pub fn new(bytes: Vec<u8>) -> Result<Self, ValidationError> {
        if (Self::MIN_BYTES..=Self::MAX_BYTES).contains(&bytes.len()) {
            return Ok(Self(bytes));
        }
        Err(ValidationError::new("invalid_credential_id", "A credential id must have 16 to 1023 bytes."))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PasskeyPublicKey {
    /// Wraps what an adapter wrote.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// It is not a secret, but names one device of one person.
impl fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialId(…)")
    }
}

impl fmt::Debug for PasskeyPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasskeyPublicKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_id_has_bounds() {
        for length in [16, 1023] {
            assert_eq!(CredentialId::new(vec![7; length]).unwrap().as_bytes().len(), length);
        }
        for length in [0, 15, 1024] {
            assert_eq!(CredentialId::new(vec![7; length]).unwrap_err().code, "invalid_credential_id");
        }
    }
}
