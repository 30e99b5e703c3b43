use std::fmt;

use email_address::{EmailAddress, Options};

use crate::ValidationError;

/// An email address: `local@domain`, trimmed, the domain in lower case and in its ASCII (IDNA) form.
///
/// The local part keeps the case it was given in, since mail is sent to it, but two addresses are equal when they
/// differ in case only. [`Email::key`] is the form to compare, index and look up by.
///
/// Quoted and non-ASCII local parts and address literals are refused: they are legal (RFC 5321) but hardly exist, and
/// look-alike characters in them would let two people hold what reads as one address.
///
/// ```
/// use domain::users::Email;
///
/// let email = Email::parse(" Ada.Lovelace@EXAMPLE.com ")?;
/// assert_eq!(email.as_str(), "Ada.Lovelace@example.com");
/// assert_eq!(email, Email::parse("ada.lovelace@example.com")?);
/// assert_eq!(Email::parse("nobody").unwrap_err().code, "invalid_email");
/// # Ok::<(), domain::ValidationError>(())
/// ```
#[derive(Clone)]
pub struct Email {
    text: String,
    key: String,
}

impl Email {
    /// The longest address that fits an SMTP path (RFC 5321, section 4.5.3.1.3), in bytes.
    pub const MAX_BYTES: usize = 254;

    /// Reads an address.
    ///
    /// # Errors
    /// `invalid_email` when it is not one, `too_long` when it is over [`Email::MAX_BYTES`].
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let text = text.trim();
        // Before the parsers, so that their work is bounded, too.
        if text.len() > Self::MAX_BYTES {
            return Err(too_long());
        }
        let (local, domain) = text.rsplit_once('@').ok_or_else(invalid)?;
        if !local.is_ascii() || local.starts_with('"') {
            return Err(invalid());
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| invalid())?;
        let address = format!("{local}@{domain}");
        if address.len() > Self::MAX_BYTES {
            return Err(too_long());
        }
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        EmailAddress::parse_with_options(&address, options).map_err(|_| invalid())?;
        Ok(Self { key: address.to_ascii_lowercase(), text: address })
    }

    /// Takes a stored address and its key as they are, also those that would be refused today.
    pub const fn stored(text: String, key: String) -> Self {
        Self { text, key }
    }

    /// The address to show and to send mail to.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address in lower case: equal for equal addresses.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Email {}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({})", self.text)
    }
}

fn invalid() -> ValidationError {
    ValidationError::new("invalid_email", "This must be an email address.")
}

fn too_long() -> ValidationError {
    ValidationError::new("too_long", format!("An email address must have at most {} bytes.", Email::MAX_BYTES))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_trimmed_and_its_domain_is_canonical() {
        let email = Email::parse("  Ada.Lovelace+x@Bücher.EXAMPLE ").unwrap();
        assert_eq!(email.as_str(), "Ada.Lovelace+x@xn--bcher-kva.example");
        assert_eq!(email.key(), "ada.lovelace+x@xn--bcher-kva.example");
    }

    #[test]
    fn differs_in_case_only_is_equal() {
        assert_eq!(Email::parse("ADA@example.com").unwrap(), Email::parse("ada@EXAMPLE.com").unwrap());
    }

    #[test]
    fn refuses_what_is_no_address() {
        let long = format!("{}@example.com", "a".repeat(300));
        for text in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "a b@example.com",
            "ada@exa mple.com",
            "ada@example.com\r\nBcc: eve@example.com",
            "ada@[127.0.0.1]",
            "\"a b\"@example.com",
            "ada\0@example.com",
            "Ada <ada@example.com>",
            "ada@-example.com",
            "ada@example..com",
            ".ada@example.com",
            "jörg@example.com",
            "ada@example.com,eve@example.com",
            "ada@ex_ample.com",
            "<script>@example.com",
            &long,
        ] {
            assert!(Email::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_is_idempotent(text in ".{0,80}") {
            if let Ok(email) = Email::parse(&text) {
                let again = Email::parse(email.as_str()).unwrap();
                prop_assert_eq!(again.as_str(), email.as_str());
                prop_assert_eq!(again.key(), email.key());
            }
        }
    }
}
