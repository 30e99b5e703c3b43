use std::fmt;

use super::Network;
use crate::one_time_tokens::Purpose;
use crate::users::{Email, UserId};
use crate::{Mac, MacPurpose, MacTag};

/// Names a count of attempts: what is guessed, whose it is, and from where. Its bytes are a MAC, so that the table does
/// not tell which names were tried, and nobody can choose names that share a count.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttemptKey {
    bytes: [u8; Self::LENGTH],
    attempted: Attempted,
    user: Option<UserId>,
    network: Option<Network>,
}

/// What is guessed, or asked for too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attempted {
    /// A password.
    Password,
    /// A code that was mailed.
    MailedCode(Purpose),
    /// The secret of a client.
    ClientSecret,
    /// A second factor.
    SecondFactor,
    /// To be sent a mail, by whoever asks, or to have one sent, by an account that asks.
    Mail(Purpose),
    /// To be sent any mail that somebody can ask for.
    AnyMail,
}

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// An account's.
    User(UserId),
    /// An address's, of which we know.
    Address(&'a Email),
    /// A client's.
    Client(&'a str),
    /// There is nothing with this name, and nobody must be told so: attempts count all the same. Such names share
    /// [`AttemptKey::UNKNOWN`] counts, so that invented ones do not fill the table.
    Unknown(&'a str),
}

impl AttemptKey {
    /// Bytes.
    pub const LENGTH: usize = MacTag::LENGTH;

    /// How many counts all names that belong to no account have together, and as many again with a network.
    pub const UNKNOWN: u32 = 1 << 18;

    /// The key of the attempts at something of `subject`, from one network or from all together.
    pub fn new(attempted: Attempted, subject: Subject<'_>, network: Option<Network>, mac: &dyn Mac) -> Self {
        let (kind, name) = subject.parts();
        // The first parts are words without a zero byte, and the network has a fixed length.
        let words = [attempted.words().as_slice(), &[kind]].concat().join("\0");
        let mut message = [words.as_bytes(), &[0, u8::from(network.is_some())]].concat();
        message.extend_from_slice(&network.map(Network::bytes).unwrap_or_default());
        message.extend_from_slice(name);
        let tag = *mac.sign(MacPurpose::AttemptKey, &message).as_bytes();
        let (bytes, user) = match subject {
            Subject::User(id) => (tag, Some(id)),
            Subject::Address(_) | Subject::Client(_) => (tag, None),
            Subject::Unknown(_) => (Self::shared(tag, network.is_some()), None),
        };
        Self { bytes, attempted, user, network }
    }

    /// One of the counts that unknown names share.
    fn shared(tag: [u8; Self::LENGTH], has_network: bool) -> [u8; Self::LENGTH] {
        let [a, b, c, d, ..] = tag;
        let number = u32::from_be_bytes([a, b, c, d]) % Self::UNKNOWN;
        let mut bytes = [0; Self::LENGTH];
        bytes[0] = u8::from(has_network);
        bytes[Self::LENGTH - 4..].copy_from_slice(&number.to_be_bytes());
        bytes
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.bytes
    }

    /// What is guessed.
    pub const fn attempted(&self) -> Attempted {
        self.attempted
    }

    /// The account, if it was named by its id. It is kept beside the count, so that admins can look at it.
    pub const fn user(&self) -> Option<UserId> {
        self.user
    }

    /// From where, unless it counts attempts from everywhere.
    pub const fn network(&self) -> Option<Network> {
        self.network
    }
}

impl Attempted {
    /// The name of its kind, which never changes.
    pub const fn kind(self) -> &'static str {
        self.words()[0]
    }

    /// What the mail or its code is for, if it is about one.
    pub const fn purpose(self) -> Option<Purpose> {
        match self {
            Self::MailedCode(purpose) | Self::Mail(purpose) => Some(purpose),
            Self::Password | Self::SecondFactor | Self::ClientSecret | Self::AnyMail => None,
        }
    }

    /// The kind, and the purpose after a colon.
    pub fn as_text(self) -> String {
        match self.purpose() {
            Some(purpose) => format!("{}:{}", self.kind(), purpose.as_str()),
            None => self.kind().to_owned(),
        }
    }

    /// Reads what [`Attempted::as_text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let of_purposes = Purpose::ALL.into_iter().flat_map(|purpose| [Self::MailedCode(purpose), Self::Mail(purpose)]);
        let all =
            [Self::Password, Self::SecondFactor, Self::ClientSecret, Self::AnyMail].into_iter().chain(of_purposes);
        all.into_iter().find(|attempted| attempted.as_text() == text)
    }

    const fn words(self) -> [&'static str; 2] {
        match self {
            Self::Password => ["password", ""],
            Self::MailedCode(purpose) => ["mailed_code", purpose.as_str()],
            Self::ClientSecret => ["client_secret", ""],
            Self::SecondFactor => ["second_factor", ""],
            Self::Mail(purpose) => ["mail", purpose.as_str()],
            Self::AnyMail => ["mail", ""],
        }
    }
}

impl<'a> Subject<'a> {
    fn parts(&'a self) -> (&'static str, &'a [u8]) {
        match self {
            Self::User(id) => ("user", id.as_bytes()),
            Self::Address(email) => ("address", email.key().as_bytes()),
            Self::Client(name) => ("client", name.as_bytes()),
            Self::Unknown(name) => ("unknown", name.as_bytes()),
        }
    }
}

impl fmt::Debug for AttemptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttemptKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::MacTag;

    /// Tells messages apart, and no more.
    struct Sum;

    impl Mac for Sum {
        fn sign(&self, _: MacPurpose, message: &[u8]) -> MacTag {
            let mut tag = [0_u8; MacTag::LENGTH];
            for (index, byte) in message.iter().enumerate() {
                let at = index % MacTag::LENGTH;
                tag[at] = tag[at].wrapping_mul(31).wrapping_add(*byte);
            }
            MacTag::new(tag)
        }

        fn verify(&self, purpose: MacPurpose, message: &[u8], tag: &MacTag) -> bool {
            self.sign(purpose, message).as_bytes() == tag.as_bytes()
        }
    }

    #[test]
    fn each_part_makes_another_key() {
        let network = |address: &str| Some(Network::of(address.parse().unwrap()));
        let (ada, eve) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
        let email = Email::parse("ada@example.com").unwrap();
        let mut keys: Vec<_> = [
            (Attempted::Password, Subject::User(ada), None),
            (Attempted::Password, Subject::User(eve), None),
            (Attempted::Password, Subject::User(ada), network("192.0.2.1")),
            (Attempted::Password, Subject::User(ada), network("192.0.3.1")),
            (Attempted::Password, Subject::User(ada), network("2001:db8::1")),
            (Attempted::ClientSecret, Subject::Client("ada@example.com"), None),
            (Attempted::ClientSecret, Subject::Address(&email), None),
            (Attempted::MailedCode(Purpose::SignIn), Subject::Address(&email), None),
            (Attempted::MailedCode(Purpose::ResetPassword), Subject::Address(&email), None),
            (Attempted::Mail(Purpose::SignIn), Subject::Address(&email), None),
            (Attempted::Password, Subject::Unknown("ada@example.com"), None),
            (Attempted::Password, Subject::Unknown("ada@example.com"), network("192.0.2.1")),
        ]
        .map(|(attempted, subject, network)| *AttemptKey::new(attempted, subject, network, &Sum).as_bytes())
        .into();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn unknown_names_share_a_bounded_number_of_keys() {
        for number in 0..1000 {
            let key = AttemptKey::new(Attempted::Password, Subject::Unknown(&number.to_string()), None, &Sum);
            let [rest @ .., a, b, c, d] = *key.as_bytes();
            assert!(rest.iter().all(|byte| *byte == 0) && u32::from_be_bytes([a, b, c, d]) < AttemptKey::UNKNOWN);
        }
    }
}
