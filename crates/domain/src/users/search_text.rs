use unicode_normalization::UnicodeNormalization;

use crate::ValidationError;
use crate::text::{is_control, is_ignorable};

/// What to search for: trimmed, 1 to 100 characters in their composed form, no control characters. It is kept in the
/// forms of what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText {
    account: String,
    domain: Option<String>,
    name: String,
}

impl SearchText {
    /// Most characters.
    pub const MAX_LENGTH: usize = 100;

    /// Reads a text to search for.
    ///
    /// # Errors
    /// `invalid_search`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let text: String = text.trim().nfc().collect();
        if text.is_empty() || text.chars().count() > Self::MAX_LENGTH || text.chars().any(is_control) {
            let message = format!("A search must have 1 to {} characters and no control characters.", Self::MAX_LENGTH);
            return Err(ValidationError::new("invalid_search", message));
        }
        Ok(Self { account: account_key(&text), domain: domain_of(&text), name: search_key(&text) })
    }

    /// What an email or a username begins with: in lower case, and a domain behind an `@` as it is stored.
    pub fn account_key(&self) -> &str {
        &self.account
    }

    /// What the domain of an email begins with. `None` where the text has neither the `@` nor the dot of a domain.
    pub fn domain_key(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// The [`search_key`]: what a name has at the start of a word. `None` where nothing of the text is part of a name.
    pub fn name_key(&self) -> Option<&str> {
        Some(self.name.as_str()).filter(|name| !name.is_empty())
    }
}

fn account_key(text: &str) -> String {
    match text.split_once('@') {
        Some((local, domain)) => format!("{}@{}", local.to_lowercase(), domain_key(domain)),
        None => text.to_lowercase(),
    }
}

/// The text as the start of a domain: `@example`, or `example.com`.
fn domain_of(text: &str) -> Option<String> {
    match text.split_once('@') {
        Some(("", domain)) => Some(domain).filter(|domain| !domain.is_empty()).map(domain_key),
        Some(_) => None,
        None => Some(text).filter(|text| text.contains(['.', '。'])).map(domain_key),
    }
}

/// The start of a domain in the form that emails are stored in. Each label by itself: the last one may be cut off.
fn domain_key(text: &str) -> String {
    let ascii = |label: &str| idna::domain_to_ascii(label).unwrap_or_else(|_| label.to_lowercase());
    // Whoever writes Chinese or Japanese types a full stop of theirs.
    text.split(['.', '。']).map(ascii).collect::<Vec<_>>().join(".")
}

/// The form of a name to search in and to search for: its words, with a blank between two. Texts that differ only in
/// case, in the form of their accents, in what is not shown, or in what stands between the words are equal:
/// `Anna-Maria` has two words, and so has `O'Neill`, whichever apostrophe it is.
pub fn search_key(text: &str) -> String {
    let folded: String = text.chars().filter(|char| !is_ignorable(*char)).nfc().flat_map(fold).collect();
    // The small letter of the Turkish `İ` is that of other languages' `I`.
    let key: String = folded.replace("i\u{307}", "i").nfc().collect();
    key.split(is_between_words).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A character without its case, in whatever language: `ß` is `ss`, as in capitals, and `ς` is `σ`, wherever it stands.
fn fold(char: char) -> impl Iterator<Item = char> {
    // By way of capitals, since some small letters have the same: `str::to_lowercase` would keep them apart.
    char.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// White space, hyphens and dashes, apostrophes and quotes, and what separates and encloses words. No other character:
/// `%` and `_` are searched for as they are.
fn is_between_words(char: char) -> bool {
    char.is_whitespace() || "-\u{2010}\u{2011}\u{2012}–—―−－'‘’‚‛ʹʻʼʽˈ`´′＇\"“”„«»‹›,.;:/()·•・‧،、。".contains(char)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> SearchText {
        SearchText::parse(text).unwrap()
    }

    #[test]
    fn is_trimmed_and_folded() {
        assert_eq!(parsed(" ÅNGSTRÖM\u{a0}ΣΊΣΥΦΟΣ ").name_key(), Some("ångström σίσυφοσ"));
        assert!(SearchText::parse(&"é".repeat(100)).is_ok());
        assert!(SearchText::parse(&"e\u{301}".repeat(100)).is_ok());
    }

    #[test]
    fn names_that_are_written_alike_are_the_same() {
        for (one, other) in [
            ("Zoë", "ZOE\u{308}"),
            ("Weiß", "WEISS"),
            ("ẞ", "ß"),
            ("İnan", "inan"),
            ("I\u{307}nan", "inan"),
            ("i\u{307}nan", "İNAN"),
            ("ılık", "ILIK"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("O'Neill", "o’NEILL"),
            ("Anna-Maria", "anna\u{2011}maria"),
            ("King, Ada", "king ada"),
            ("A\u{200b}da\u{ad}", "ada"),
            ("می\u{200c}خواهم", "میخواهم"),
        ] {
            assert_eq!(search_key(one), search_key(other), "{one} {other}");
        }
        assert_eq!(search_key("Anna-Maria d'Arc (van der Berg)"), "anna maria d arc van der berg");
        assert_eq!(search_key("100% a_b \\"), "100% a_b \\");
    }

    #[test]
    fn a_domain_is_searched_for_in_the_form_that_is_stored() {
        for (text, account, domain) in [
            ("Ada", "ada", None),
            ("ADA@Müller.example", "ada@xn--mller-kva.example", None),
            ("ada@ex", "ada@ex", None),
            ("@MU\u{308}ller.exa", "@xn--mller-kva.exa", Some("xn--mller-kva.exa")),
            ("müller.example", "müller.example", Some("xn--mller-kva.example")),
            ("xn--mller-kva.example", "xn--mller-kva.example", Some("xn--mller-kva.example")),
            ("例え。テスト", "例え。テスト", Some("xn--r8jz45g.xn--zckzah")),
            ("@", "@", None),
            ("J.R.R", "j.r.r", Some("j.r.r")),
        ] {
            let parsed = parsed(text);
            assert_eq!((parsed.account_key(), parsed.domain_key()), (account, domain), "{text}");
        }
    }

    #[test]
    fn what_is_no_part_of_a_name_finds_none() {
        for text in ["-", "'", "\u{200b}", "..."] {
            assert_eq!(parsed(text).name_key(), None, "{text:?}");
        }
    }

    #[test]
    fn refuses_empty_long_and_control() {
        let long = "é".repeat(101);
        for text in ["", " ", "\u{3000}", &long, "\0", "a\0b", "a\nb", "a\u{1b}[31m", "\u{85}x\u{85}y", "a\u{202e}b"] {
            assert!(SearchText::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    proptest! {
        /// A key that is searched for is compared with keys.
        #[test]
        fn the_key_of_a_key_is_itself(text in "(?s).*") {
            let key = search_key(&text);
            prop_assert_eq!(search_key(&key), key);
        }
    }
}
