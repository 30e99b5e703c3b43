//! The texts of letters, a file for each language.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use domain::mail::Letter;
use domain::users::Locale;
use serde::Deserialize;
use toml::{Table, Value};

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
    /// Those that come with the crate, and above them those of `folder`: `fr.toml` adds a language, and whatever
    /// `en.toml` has replaces that part of the English there is.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Self, MailSetupError> {
        let mut sources = OWN.map(|(name, text)| (PathBuf::from(name), text.to_owned())).to_vec();
        for path in folder.map(files).transpose()?.unwrap_or_default() {
            let text = fs::read_to_string(&path).map_err(|error| fault(&path, error))?;
            sources.push((path, text));
        }
        let (mut tables, mut texts) = (BTreeMap::<String, Table>::new(), BTreeMap::new());
        for (path, text) in sources {
            let tag = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let locale = Locale::parse(tag).map_err(|_| fault(&path, "the file must be named by its language"))?;
            let former = [locale.as_str(), locale.language()].iter().find_map(|name| tables.get(*name));
            let mut table = former.cloned().unwrap_or_default();
            merge(&mut table, toml::from_str(&text).map_err(|error| fault(&path, error))?);
            texts.insert(locale.as_str().to_owned(), language(table.clone(), &path)?);
            tables.insert(locale.as_str().to_owned(), table);
        }
        Ok(Self(texts))
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

fn fault(path: &Path, reason: impl ToString) -> MailSetupError {
    MailSetupError::Template { path: path.to_owned(), reason: reason.to_string() }
}

/// Puts each part of `own` in the place of the former one.
fn merge(former: &mut Table, own: Table) {
    for (name, value) in own {
        match (former.get_mut(&name), value) {
            (Some(Value::Table(former)), Value::Table(own)) => merge(former, own),
            (_, value) => drop(former.insert(name, value)),
        }
    }
}

fn language(table: Table, path: &Path) -> Result<Language, MailSetupError> {
    let language: Language = table.try_into().map_err(|error| fault(path, error))?;
    let kinds: Vec<_> = Letter::every().map(|letter| letter.kind()).collect();
    match language.letters.keys().find(|name| !kinds.contains(&name.as_str())) {
        Some(unknown) => Err(fault(path, format!("there is no letter '{unknown}', but {}", kinds.join(", ")))),
        None => Ok(language),
    }
}

/// The language of a country comes after the language that it completes.
fn files(folder: &Path) -> Result<Vec<PathBuf>, MailSetupError> {
    let fault = |error: std::io::Error| fault(folder, error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort_by_key(|path| path.as_os_str().len());
    Ok(files)
}
