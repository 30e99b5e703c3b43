use crate::ValidationError;

/// The language that somebody reads, as a tag: `en`, `de`, `de-AT` (RFC 5646, section 2.1, language and region only).
///
/// ```
/// use domain::users::Locale;
///
/// let locale = Locale::parse("DE-at")?;
/// assert_eq!((locale.as_str(), locale.language()), ("de-AT", "de"));
/// assert!(Locale::parse("german").is_err());
/// # Ok::<(), domain::ValidationError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locale(String);

impl Locale {
    /// Longest tag, in characters.
    pub const MAX_LENGTH: usize = 7;

    /// Reads a tag, in upper or lower case.
    ///
    /// # Errors
    /// `invalid_locale`.
    pub fn parse(tag: &str) -> Result<Self, ValidationError> {
        let (language, region) = tag.split_once('-').map_or((tag, None), |(language, region)| (language, Some(region)));
        let is_alphabetic = |part: &str, lengths: &[usize]| {
            lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
        };
        let is_number = |part: &str| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_region = |part: &str| is_alphabetic(part, &[2]) || is_number(part);
        if !is_alphabetic(language, &[2, 3]) || !region.is_none_or(is_region) {
            let message = "This must be a language, such as 'en', or a language with a region, such as 'de-AT'.";
            return Err(ValidationError::new("invalid_locale", message));
        }
        let language = language.to_ascii_lowercase();
        Ok(Self(
            region.map_or_else(|| language.clone(), |region| format!("{language}-{}", region.to_ascii_uppercase())),
        ))
    }

    /// Takes a stored tag as it is, also one that would be refused today.
    pub const fn stored(tag: String) -> Self {
        Self(tag)
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language without the region.
    pub fn language(&self) -> &str {
        self.0.split_once('-').map_or(&*self.0, |(language, _)| language)
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_may_have_a_region() {
        for (tag, expected) in [("en", "en"), ("DE", "de"), ("nds", "nds"), ("pt-br", "pt-BR"), ("es-419", "es-419")] {
            assert_eq!(Locale::parse(tag).unwrap().as_str(), expected);
        }
        for tag in ["", "e", "english", "en-", "-GB", "en_GB", "zh-Hant-TW", "en-GBR", "../en", "dé", "en-4190"] {
            assert!(Locale::parse(tag).is_err(), "{tag}");
        }
    }
}
