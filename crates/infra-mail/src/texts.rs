//! The texts of letters, a file for each language.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use domain::users::Locale;
use serde::Deserialize;

use crate::MailSetupError;

/// The language of whoever reads none of the others.
const DEFAULT_LANGUAGE: &str = "en";

const OWN: [(&str, &str); 2] =
    [("en", include_str!("../templates/en.toml")), ("de", include_str!("../templates/de.toml"))];

/// The letters in every language there is.
#[derive(Debug)]
pub(crate) struct Texts(BTreeMap<String, Language>);

/// The letters in one language, by their kinds, and what all of them have.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Language {
    /// Introduces the link, where the mail is plain text.
    pub(crate) link: String,
    /// Introduces the code.
    pub(crate) code: String,
    /// The end of every mail.
    pub(crate) footer: String,
    pub(crate) letters: BTreeMap<String, LetterText>,
}

/// What one kind of letter says. Each text is a template.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetterText {
    /// One line.
    pub(crate) subject: String,
    /// Paragraphs, with empty lines between them.
    pub(crate) text: String,
    /// What the link does, for those letters that have one.
    #[serde(default)]
    pub(crate) action: String,
    /// What to do about a letter that was not expected.
    #[serde(default)]
    pub(crate) note: String,
}

impl Texts {
    /// Those that come with the crate, and above them those of `folder`: `fr.toml` adds a language, and a letter of
    /// `en.toml` replaces that letter.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Self, MailSetupError> {
        let mut texts = Self(BTreeMap::new());
        for (language, text) in OWN {
            texts.add(language, text, Path::new(language))?;
        }
        for path in folder.map(files).transpose()?.unwrap_or_default() {
            let fault = |reason: String| MailSetupError::Template { path: path.clone(), reason };
            let tag = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let locale = Locale::parse(tag).map_err(|_| fault("the file must be named by its language".to_owned()))?;
            let text = fs::read_to_string(&path).map_err(|error| fault(error.to_string()))?;
            texts.add(locale.as_str(), &text, &path)?;
        }
        Ok(texts)
    }

    fn add(&mut self, language: &str, text: &str, path: &Path) -> Result<(), MailSetupError> {
        let read: Language = toml::from_str(text)
            .map_err(|error| MailSetupError::Template { path: path.to_owned(), reason: error.to_string() })?;
        match self.0.get_mut(language) {
            Some(former) => {
                let mut letters = std::mem::take(&mut former.letters);
                letters.extend(read.letters);
                *former = Language { letters, ..read };
            }
            None => drop(self.0.insert(language.to_owned(), read)),
        }
        Ok(())
    }

    /// This letter in this language, else in the language whatever the region, else in the default language.
    pub(crate) fn find(&self, locale: &Locale, kind: &str) -> Option<(&Language, &LetterText)> {
        let languages = [locale.as_str(), locale.language(), DEFAULT_LANGUAGE];
        languages.iter().filter_map(|name| self.0.get(*name)).find_map(|found| Some((found, found.letters.get(kind)?)))
    }

    /// Every language.
    pub(crate) fn languages(&self) -> impl Iterator<Item = Locale> {
        self.0.keys().filter_map(|tag| Locale::parse(tag).ok())
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, MailSetupError> {
    let fault = |error: std::io::Error| MailSetupError::Template { path: folder.to_owned(), reason: error.to_string() };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
