use zeroize::Zeroizing;

use crate::passwords::Password;
use crate::users::{Email, Profile};

/// The words that others know somebody by, in lower case. Whoever guesses a password tries them first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnWords {
    /// The names: those that must not be in a password.
    names: Vec<String>,
    /// The rest: parts of the names, and what else is guessed early.
    others: Vec<String>,
}

impl OwnWords {
    /// Fewest characters of a name that must not be in a password. Shorter ones are in many passwords by chance.
    pub const MIN_LENGTH: usize = 4;

    /// The words of somebody with this address and this profile.
    pub fn of(email: Option<&Email>, profile: &Profile) -> Self {
        let mut words = Self::default();
        if let Some((local, domain)) = email.and_then(|email| email.key().split_once('@')) {
            words.others.extend(parts(local).chain(parts(domain)));
            words.names.push(local.to_owned());
        }
        if let Some(username) = &profile.username {
            words.others.extend(parts(username.as_str()));
            words.names.push(username.as_str().to_lowercase());
        }
        if let Some(full_name) = &profile.full_name {
            words.names.extend(parts(full_name.as_str()));
        }
        words
    }

    /// These and the words of a text that everybody knows, such as the name of the service.
    #[must_use]
    pub fn and(mut self, text: &str) -> Self {
        self.others.extend(parts(text));
        self
    }

    /// Whether one of the names is in the password, whatever the case of either.
    pub fn are_in(&self, password: &Password) -> bool {
        // Room for the most that lower case can grow to, so that no half-written copy is left behind unwiped.
        let mut text = Zeroizing::new(String::with_capacity(password.text().len() * 3));
        text.extend(password.text().chars().flat_map(char::to_lowercase));
        let is_long = |name: &&String| name.chars().count() >= Self::MIN_LENGTH;
        self.names.iter().filter(is_long).any(|name| text.contains(name.as_str()))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().chain(&self.others).map(String::as_str)
    }
}

/// The words of a text: what is between all that is neither a letter nor a digit.
fn parts(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::{FullName, Username};

    fn ada() -> OwnWords {
        let profile = Profile {
            username: Some(Username::parse("Countess_1").unwrap()),
            full_name: Some(FullName::parse("Ada Łovelace-King").unwrap()),
            ..Profile::default()
        };
        OwnWords::of(Some(&Email::parse("A.Byron@Example.com").unwrap()), &profile).and("Our Service")
    }

    fn are_in(text: &str) -> bool {
        ada().are_in(&Password::parse(text).unwrap())
    }

    #[test]
    fn a_username_a_local_part_and_each_word_of_a_name_are_found_in_any_case() {
        for text in ["xxcountess_1xx", "COUNTESS_1!", "my a.byron", "A.BYRONabc", "łOVELACE99", "for a kinG today"] {
            assert!(are_in(text), "{text}");
        }
    }

    #[test]
    fn what_is_shorter_than_four_characters_or_no_name_is_not_looked_for() {
        for text in ["adamant bridge", "countess of nowhere", "byron byron", "example", "service", "lovelac"] {
            assert!(!are_in(text), "{text}");
        }
    }

    #[test]
    fn all_words_are_known_in_lower_case() {
        let ada = ada();
        let mut words: Vec<_> = ada.iter().collect();
        words.sort_unstable();
        let expected = [
            "1",
            "a",
            "a.byron",
            "ada",
            "byron",
            "com",
            "countess",
            "countess_1",
            "example",
            "king",
            "our",
            "service",
            "łovelace",
        ];
        assert_eq!(words, expected);
        assert_eq!(OwnWords::default().iter().count(), 0);
    }
}
