use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use domain::mail::{Letter, MailId, Outgoing, Redeem};
use domain::users::{Email, Locale};
use domain::{Secret, Timestamp};
use minijinja::value::Value;
use minijinja::{Environment, UndefinedBehavior};

use crate::texts::Texts;
use crate::{Links, MailSetupError};

const TEXT_LAYOUT: &str = "mail.txt";
const HTML_LAYOUT: &str = "mail.html";
const LAYOUTS: [(&str, &str); 2] =
    [(TEXT_LAYOUT, include_str!("../templates/mail.txt")), (HTML_LAYOUT, include_str!("../templates/mail.html"))];

/// Writes letters: the texts of a language in one layout for plain text and one for HTML.
#[derive(Debug)]
pub struct Letters {
    environment: Environment<'static>,
    texts: Texts,
    links: Links,
    /// What the service calls itself.
    app: String,
}

/// A mail as it is read.
#[derive(Clone, Debug)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// The link, if it has one.
    pub link: Option<String>,
}

impl Letters {
    /// The letters of the crate, or those of `folder` where it has some. Every letter is written once in every
    /// language, so that a name that is not defined is found now and not when somebody waits for the mail.
    ///
    /// # Errors
    /// [`MailSetupError::Template`].
    pub fn load(app: &str, links: Links, folder: Option<&Path>) -> Result<Self, MailSetupError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_debug(true);
        for (name, own) in LAYOUTS {
            let path = folder.map(|folder| folder.join(name)).filter(|path| path.exists());
            let source = match &path {
                Some(path) => fs::read_to_string(path).map_err(|error| fault(path.clone(), error))?,
                None => own.to_owned(),
            };
            let added = environment.add_template_owned(name, source);
            added.map_err(|error| fault(path.unwrap_or_else(|| name.into()), error))?;
        }
        let mut letters = Self { environment, texts: Texts::load(folder)?, links, app: app.to_owned() };
        letters.check()?;
        // From now on errors would hold what is secret.
        letters.environment.set_debug(false);
        Ok(letters)
    }

    /// Writes a mail.
    ///
    /// # Errors
    /// What is wrong with a template. [`Letters::load`] finds it before.
    pub fn write(&self, mail: &Outgoing) -> Result<Written, minijinja::Error> {
        let (language, letter) = self
            .texts
            .find(&mail.locale, mail.letter.kind())
            .ok_or_else(|| minijinja::Error::new(minijinja::ErrorKind::TemplateNotFound, "this letter has no text"))?;
        let link = link(&self.links, mail);
        let mut values = values(&self.app, mail, link.as_deref());
        let line = |name: &str, source: &str, values: &Values| {
            self.environment.render_named_str(name, source, Value::from_pairs(values.clone()))
        };
        let subject = line("subject", &letter.subject, &values)?;
        let text = line("text", &letter.text, &values)?;
        let parts = [
            ("subject", subject.clone()),
            ("action", line("action", &letter.action, &values)?),
            ("note", line("note", &letter.note, &values)?),
            ("footer", line("footer", &language.footer, &values)?),
            ("link_intro", if link.is_some() { line("link", &language.link, &values)? } else { String::new() }),
            ("code_intro", if mail.redeem.is_some() { line("code", &language.code, &values)? } else { String::new() }),
        ];
        values.extend(parts.map(|(name, part)| (name, Value::from(part))));
        values.insert("language", Value::from(mail.locale.as_str()));
        values.insert("paragraphs", text.split("\n\n").map(|paragraph| paragraph.trim().to_owned()).collect());
        let lay_out = |layout| self.environment.get_template(layout)?.render(Value::from_pairs(values.clone()));
        Ok(Written { subject, text: lay_out(TEXT_LAYOUT)?, html: lay_out(HTML_LAYOUT)?, link })
    }

    /// Writes every letter in every language.
    fn check(&self) -> Result<(), MailSetupError> {
        for locale in self.texts.languages() {
            for letter in Letter::every() {
                let mail = sample(letter, locale.clone());
                let written = self.write(&mail).map_err(|error| {
                    let path = format!("{}.toml, {}", locale.as_str(), mail.letter.kind());
                    fault(path.into(), error)
                })?;
                if written.subject.contains(['\r', '\n']) {
                    let path = format!("{}.toml, {}", locale.as_str(), mail.letter.kind());
                    return Err(fault(path.into(), "the subject must be one line"));
                }
            }
        }
        Ok(())
    }
}

type Values = BTreeMap<&'static str, Value>;

fn fault(path: PathBuf, reason: impl ToString) -> MailSetupError {
    MailSetupError::Template { path, reason: reason.to_string() }
}

fn link(links: &Links, mail: &Outgoing) -> Option<String> {
    match (&mail.letter, &mail.redeem) {
        (Letter::Token(purpose), Some(redeem)) => links.link(*purpose, redeem.token.expose()),
        _ => None,
    }
}

/// What a template may name. What a letter does not have is not defined for it.
fn values(app: &str, mail: &Outgoing, link: Option<&str>) -> Values {
    let mut values = Values::from([
        ("app", Value::from(app)),
        ("time", Value::from(mail.written_at.format("%Y-%m-%d %H:%M UTC").to_string())),
    ]);
    if let Some(redeem) = &mail.redeem {
        let lifetime = |until: Timestamp| until - mail.written_at;
        values.insert("code", Value::from(redeem.code.expose()));
        values.insert("code_minutes", Value::from(lifetime(redeem.code_expires_at).num_minutes()));
        values.insert("minutes", Value::from(lifetime(redeem.expires_at).num_minutes()));
        values.insert("hours", Value::from(lifetime(redeem.expires_at).num_hours()));
        values.insert("days", Value::from(lifetime(redeem.expires_at).num_days()));
    }
    if let Some(link) = link {
        values.insert("link", Value::from(link));
    }
    match &mail.letter {
        Letter::NewDevice { device, address } => {
            values.insert("device", Value::from(device.clone()));
            values.insert("address", Value::from(address.map(|address| address.to_string())));
        }
        Letter::IdentityLinked { provider } | Letter::IdentityUnlinked { provider } => {
            values.insert("provider", Value::from(provider.clone()));
        }
        Letter::RecoveryCodeUsed { left } => {
            values.insert("left", Value::from(*left));
        }
        _ => {}
    }
    values
}

/// A letter to nobody, as templates are tried with.
#[expect(clippy::expect_used, reason = "constants that a test reads")]
fn sample(letter: Letter, locale: Locale) -> Outgoing {
    let redeem = Redeem {
        token: Secret::new("token".to_owned()),
        code: Secret::new("ABCD-EFGH".to_owned()),
        expires_at: Timestamp::default(),
        code_expires_at: Timestamp::default(),
    };
    let has_token = matches!(letter, Letter::Token(_));
    Outgoing {
        id: MailId::new(Default::default()),
        to: Email::parse("nobody@example.com").expect("it is an address"),
        locale,
        letter,
        written_at: Timestamp::default(),
        redeem: has_token.then_some(redeem),
    }
}

#[cfg(test)]
mod tests {
    use domain::one_time_tokens::Purpose;

    use super::*;

    fn letters(folder: Option<&Path>) -> Result<Letters, MailSetupError> {
        let mut links = Links::default();
        links.lead(Purpose::ResetPassword, "https://id.example.com/reset?token={token}").unwrap();
        Letters::load("Notes", links, folder)
    }

    fn write(letters: &Letters, letter: Letter, locale: &str) -> Written {
        letters.write(&sample(letter, Locale::parse(locale).unwrap())).unwrap()
    }

    #[test]
    fn a_letter_is_in_its_readers_language_or_in_english() {
        let letters = letters(None).unwrap();
        for (locale, subject) in [
            ("de-AT", "Ihr Passwort wurde geändert"),
            ("en", "Your password was changed"),
            ("fr", "Your password was changed"),
        ] {
            assert_eq!(write(&letters, Letter::PasswordChanged, locale).subject, subject);
        }
    }

    #[test]
    fn link_and_code_are_in_text_and_html() {
        let written = write(&letters(None).unwrap(), Letter::Token(Purpose::ResetPassword), "en");
        let link = "https://id.example.com/reset?token=token";
        assert_eq!(written.link.as_deref(), Some(link));
        assert!(written.text.contains(link) && written.text.contains("ABCD-EFGH"), "{}", written.text);
        assert!(!write(&letters(None).unwrap(), Letter::Token(Purpose::SignIn), "en").text.contains("Open this link"));
        let html = written.html.replace("&#x2f;", "/");
        assert!(html.contains(&format!("href=\"{link}\"")) && html.contains("ABCD-EFGH"), "{html}");
    }

    #[test]
    fn a_letter_without_a_link_speaks_of_none() {
        let letters = Letters::load("Notes", Links::default(), None).unwrap();
        for locale in letters.texts.languages() {
            for letter in Letter::every() {
                let Written { subject, text, html, .. } = letters.write(&sample(letter, locale.clone())).unwrap();
                let all = [subject, text, html].join("\n").to_lowercase();
                assert!(!all.contains("link"), "{all}");
            }
        }
    }

    #[test]
    fn a_provider_is_named_where_it_is_known() {
        let letters = letters(None).unwrap();
        for (locale, unknown) in [("en", "another service"), ("de", "einem anderen Dienst")] {
            for letter in
                [|provider| Letter::IdentityLinked { provider }, |provider| Letter::IdentityUnlinked { provider }]
            {
                let written = write(&letters, letter(Some("<b>Hub</b>".to_owned())), locale);
                assert!(written.text.contains("<b>Hub</b>") && !written.text.contains(unknown), "{}", written.text);
                assert!(written.html.contains("&lt;b&gt;Hub"), "{}", written.html);
                let written = write(&letters, letter(None), locale);
                assert!(written.text.contains(unknown), "{}", written.text);
            }
        }
    }

    /// Whoever has none would believe that somebody else has set one.
    #[test]
    fn no_letter_says_that_its_reader_has_a_password_where_they_may_have_none() {
        let letters = letters(None).unwrap();
        for letter in [
            Letter::FactorsReset,
            Letter::FactorRemoved,
            Letter::PasskeyAdded,
            Letter::PasskeyRemoved,
            Letter::Token(Purpose::EmailCode),
        ] {
            for (locale, words) in [
                ("en", ["your password alone", "after your password", "with your password"]),
                ("de", ["genügt zur Anmeldung Ihr", "nach Ihrem Passwort", "mit Ihrem Passwort"]),
            ] {
                let written = write(&letters, letter.clone(), locale);
                assert!(!words.iter().any(|words| written.text.contains(words)), "{}", written.text);
            }
        }
    }

    #[test]
    fn what_others_say_is_text_and_nothing_else() {
        let device = Some("<a href=\"//evil.test\">x</a>".to_owned());
        let written = write(&letters(None).unwrap(), Letter::NewDevice { device, address: None }, "en");
        assert!(!written.html.contains("<a"), "{}", written.html);
    }

    #[test]
    fn a_folder_adds_languages_and_replaces_letters_and_layouts() {
        let folder = tempfile::tempdir().unwrap();
        let english =
            "link = 'L'\ncode = 'C'\nfooter = 'F'\n[letters.password_changed]\nsubject = 'Mine'\ntext = 'M'\n";
        fs::write(folder.path().join("en.toml"), english).unwrap();
        fs::write(folder.path().join("fr.toml"), english.replace("Mine", "Le mien")).unwrap();
        fs::write(folder.path().join("mail.txt"), "{{ app }}: {{ paragraphs[0] }}").unwrap();
        let letters = letters(Some(folder.path())).unwrap();
        let written = write(&letters, Letter::PasswordChanged, "en");
        assert_eq!((&*written.subject, &*written.text), ("Mine", "Notes: M"));
        assert_eq!(write(&letters, Letter::PasswordChanged, "fr-CA").subject, "Le mien");
        assert_eq!(write(&letters, Letter::AccountDeleted, "fr").subject, "Your account was deleted");
    }

    #[test]
    fn what_a_file_leaves_out_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("en.toml"), "[letters.reset_password]\nsubject = 'Mine'\n").unwrap();
        fs::write(folder.path().join("de.toml"), "footer = 'Unten'\n").unwrap();
        fs::write(folder.path().join("de-AT.toml"), "[letters.test]\nsubject = 'Servus'\n").unwrap();
        let letters = letters(Some(folder.path())).unwrap();
        let english = write(&letters, Letter::Token(Purpose::ResetPassword), "en");
        assert_eq!(english.subject, "Mine");
        for part in ["Choosing one signs you out", "Open this link", "enter this one", "Nobody reads what you reply"] {
            assert!(english.text.contains(part), "{}", english.text);
        }
        let austrian = write(&letters, Letter::Test, "de-AT");
        assert!(austrian.subject == "Servus" && austrian.text.contains("kommt an"), "{austrian:?}");
        for locale in ["de", "de-AT"] {
            let written = write(&letters, Letter::AccountDeleted, locale);
            assert!(written.subject == "Ihr Konto wurde gelöscht" && written.text.ends_with("Unten"), "{written:?}");
        }
    }

    #[test]
    fn a_fault_is_found_at_the_start_and_named() {
        let english = "link = 'L'\ncode = 'C'\nfooter = 'F'\n";
        let letter = |text: &str| format!("{english}[letters.email_changed]\nsubject = 'S'\ntext = '{text}'\n");
        let cases = [
            ("en.toml", letter("{{ cod }}"), "en.toml, email_changed: undefined value: `cod` is undefined (in text:1)"),
            ("de.toml", "footer = '{{ ap }}'".to_owned(), "`ap` is undefined (in footer:1)"),
            ("en.toml", "[letters.resett_password]\nsubject = 'S'\ntext = 'T'".to_owned(), "resett_password"),
            ("en.toml", "[letters.reset_password]\nsubjct = 'S'".to_owned(), "subjct"),
            ("fr.toml", "[letters.test]\nsubject = 'S'\ntext = 'T'".to_owned(), "link"),
            ("en.toml", letter("{{ link }}"), "email_changed"),
            ("en.toml", letter("{{ app"), "email_changed"),
            ("en.toml", format!("{english}oops = 1\n"), "oops"),
            ("english.toml", english.to_owned(), "english.toml"),
            ("mail.html", "{{ subject".to_owned(), "mail.html"),
            ("mail.html", "{{ sbject }}".to_owned(), "mail.html"),
            ("en.toml", letter("T").replace("'S'", "\"a\\nBcc: eve@example.com\""), "email_changed"),
        ];
        for (name, text, named) in cases {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(name), &text).unwrap();
            let fault = letters(Some(folder.path())).unwrap_err().to_string();
            assert!(fault.contains(named), "{name} {text}: {fault}");
        }
        assert!(letters(Some(Path::new("no/such/folder"))).is_err());
    }
}
