use std::fmt;

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::ValidationError;
use crate::passwords::PasswordHash;

/// What is kept of a client's secret, not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientSecretHash {
    /// The SHA-256 of a random secret of 256 bits. Any other secret could be guessed from it.
    Sha256([u8; 32]),
    /// The Argon2id hash, in PHC form, of a secret that a person may have chosen.
    Argon2id(PasswordHash),
}

impl ClientSecretHash {
    /// Reads `sha256:` and 64 hexadecimal digits, or a PHC string that begins with `$argon2id$`.
    ///
    /// # Errors
    /// `invalid_hash` for any other text.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        if let Some(digits) = text.strip_prefix("sha256:") {
            let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok();
            return bytes.and_then(|bytes| bytes.try_into().ok()).map(Self::Sha256).ok_or_else(invalid);
        }
        if !text.starts_with("$argon2id$") {
            return Err(invalid());
        }
        PasswordHash::parse(text).map(Self::Argon2id).map_err(|_| invalid())
    }
}

fn invalid() -> ValidationError {
    let message = "A client's secret must be given as 'sha256:' and 64 hexadecimal digits or as '$argon2id$…'.";
    ValidationError::new("invalid_hash", message)
}

impl fmt::Debug for ClientSecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecretHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFF";
    const PHC: &str = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn reads_both_forms() {
        let ClientSecretHash::Sha256(bytes) = ClientSecretHash::parse(&format!("sha256:{DIGITS}")).unwrap() else {
            panic!("it is a digest");
        };
        assert_eq!((bytes[0], bytes[1], bytes[30], bytes[31]), (0, 1, 30, 255));
        let ClientSecretHash::Argon2id(hash) = ClientSecretHash::parse(PHC).unwrap() else {
            panic!("it is a PHC string");
        };
        assert_eq!(hash.expose(), PHC);
    }

    #[test]
    fn reads_nothing_else() {
        let spoiled = [
            String::new(),
            "sha256:".to_owned(),
            DIGITS.to_owned(),
            format!("SHA256:{DIGITS}"),
            format!("sha256:{}", &DIGITS[2..]),
            format!("sha256:{DIGITS}00"),
            format!("sha256: {DIGITS}"),
            format!("sha256:{}g", &DIGITS[1..]),
            PHC.replace("argon2id", "argon2i"),
            PHC[1..].to_owned(),
            format!("{PHC}{}", "A".repeat(PasswordHash::MAX_BYTES)),
            "a secret in clear".to_owned(),
        ];
        for text in spoiled {
            let error = ClientSecretHash::parse(&text).unwrap_err();
            assert_eq!(error.code, "invalid_hash", "{text}");
            assert!(!error.message.contains(&DIGITS[2..]) && !error.message.contains("in clear"), "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        for text in [format!("sha256:{DIGITS}"), PHC.to_owned()] {
            assert_eq!(format!("{:?}", ClientSecretHash::parse(&text).unwrap()), "ClientSecretHash(…)");
        }
    }
}
