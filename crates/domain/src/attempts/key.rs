use std::fmt;

use super::Network;
use crate::users::UserId;
use crate::{Mac, MacPurpose, MacTag};

/// Names a count of attempts: what is guessed, whose it is, and from where. It is a MAC, so that the table does not tell
/// which names were tried, and nobody can choose names that share a count.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttemptKey([u8; AttemptKey::LENGTH]);

/// What is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guessed {
    /// A password.
    Password,
    /// A code that was mailed.
    MailedCode,
    /// The secret of a client.
    ClientSecret,
}

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// An account's.
    User(UserId),
    /// There is no account with this name, and nothing must tell so: attempts count all the same. Such names share
    /// [`AttemptKey::UNKNOWN`] counts, so that invented ones do not fill the table.
    Unknown(&'a str),
    /// A client's.
    Client(&'a str),
}

impl AttemptKey {
    /// Bytes.
    pub const LENGTH: usize = MacTag::LENGTH;

    /// How many counts all names that belong to no account have together, and as many again with a network.
    pub const UNKNOWN: u32 = 1 << 18;

    /// The key of the attempts at `guessed` of `subject`, from one network or from all together.
    pub fn new(guessed: Guessed, subject: Subject<'_>, network: Option<Network>, mac: &dyn Mac) -> Self {
        let mut message = vec![guessed as u8, u8::from(network.is_some())];
        message.extend_from_slice(&network.map(Network::bytes).unwrap_or_default());
        match subject {
            Subject::User(id) => message.extend_from_slice(id.as_uuid().as_bytes()),
            Subject::Unknown(name) | Subject::Client(name) => message.extend_from_slice(name.as_bytes()),
        }
        message.push(subject.kind());
        let tag = *mac.sign(MacPurpose::AttemptKey, &message).as_bytes();
        match subject {
            Subject::Unknown(_) => Self::shared(tag, network.is_some()),
            Subject::User(_) | Subject::Client(_) => Self(tag),
        }
    }

    /// One of the counts that unknown names share.
    fn shared(tag: [u8; Self::LENGTH], has_network: bool) -> Self {
        let [a, b, c, d, ..] = tag;
        let number = u32::from_be_bytes([a, b, c, d]) % Self::UNKNOWN;
        let mut bytes = [0; Self::LENGTH];
        bytes[0] = u8::from(has_network);
        bytes[Self::LENGTH - 4..].copy_from_slice(&number.to_be_bytes());
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl Subject<'_> {
    /// Keeps subjects of one kind apart from those of another.
    const fn kind(self) -> u8 {
        match self {
            Self::User(_) => 0,
            Self::Unknown(_) => 1,
            Self::Client(_) => 2,
        }
    }
}

impl fmt::Debug for AttemptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttemptKey(…)")
    }
}
