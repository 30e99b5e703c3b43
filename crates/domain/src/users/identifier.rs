use crate::users::{Email, UserId, Username};

/// What tells one user from all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserIdentifier {
    /// The id.
    Id(UserId),
    /// The email, in whatever case.
    Email(Email),
    /// The username.
    Username(Username),
}

impl UserIdentifier {
    /// Reads what somebody typed to sign in: an email or a username. `None` for anything else, which nobody has.
    pub fn typed(text: &str) -> Option<Self> {
        // A username has no '@', so there is one way to read a name.
        if text.contains('@') {
            return Email::parse(text).ok().map(Self::Email);
        }
        Username::parse(text).ok().map(Self::Username)
    }

    /// The same text for all ways to write the same name.
    pub fn key(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Email(email) => email.key().to_owned(),
            Self::Username(username) => username.as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_an_email_or_a_username_or_neither() {
        let email = Email::parse("ada@example.com").unwrap();
        assert_eq!(UserIdentifier::typed("ADA@example.com"), Some(UserIdentifier::Email(email)));
        assert_eq!(UserIdentifier::typed("Ada"), Some(UserIdentifier::Username(Username::parse("ada").unwrap())));
        for text in ["", "@", "ada@", "no such name!"] {
            assert_eq!(UserIdentifier::typed(text), None, "{text}");
        }
    }
}
