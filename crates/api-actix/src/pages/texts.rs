//! What pages say, a file for each language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::one_time_tokens::Purpose;
use domain::users::Locale;
use serde::Deserialize;

/// The first is for whoever reads none of them.
const FILES: [(&str, &str); 2] = [("en", include_str!("templates/en.toml")), ("de", include_str!("templates/de.toml"))];

#[expect(clippy::expect_used, reason = "constants that a test reads")]
static LANGUAGES: LazyLock<[(&str, Language); 2]> =
    LazyLock::new(|| FILES.map(|(tag, text)| (tag, toml::from_str(text).expect("the texts can be read"))));

/// The pages in one language. Each text is a template.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Language {
    /// What the title of a page begins with that tells a fault.
    pub(super) fault: String,
    /// The field for a new password.
    pub(super) password: String,
    /// What is required of one.
    pub(super) rules: String,
    /// What each code of a refusal means to a person.
    pub(super) refusals: Refusals,
    /// What each code of a fault of a new password means to a person.
    pub(super) passwords: BTreeMap<String, String>,
    pages: BTreeMap<String, PageText>,
}

/// Sentences for refusals.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusals {
    /// The link is worth nothing, whatever is wrong with it.
    pub(super) invalid_link: String,
    /// The link was good, but nobody registers here any more.
    pub(super) closed: String,
    /// To be tried again after a while.
    pub(super) too_many: String,
    /// To be tried again at once.
    pub(super) busy: String,
    /// All others.
    pub(super) other: String,
}

/// What one page says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageText {
    pub(super) title: String,
    /// What the button will do.
    pub(super) text: String,
    pub(super) button: String,
    /// The title once it is done.
    pub(super) done: String,
    /// What to do next.
    pub(super) next: String,
}

impl Language {
    /// The language for a reader of these, and its tag.
    pub(super) fn of(locales: &[Locale]) -> (&'static str, &'static Self) {
        let languages = &*LANGUAGES;
        let mut found = locales.iter().filter_map(|locale| languages.iter().find(|(tag, _)| *tag == locale.language()));
        let (tag, language) = found.next().unwrap_or(&languages[0]);
        (tag, language)
    }

    pub(super) fn page(&self, purpose: Purpose) -> Option<&PageText> {
        self.pages.get(purpose.as_str())
    }
}
