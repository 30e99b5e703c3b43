use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use domain::Secret;
use domain::passwords::PasswordPolicy;
use domain::users::Locale;
use minijinja::value::Value;
use minijinja::{Environment, UndefinedBehavior, context};

use super::texts::{Language, PageText};
use super::{Page, PageSettings, path};
use crate::http::{ApiError, FieldError, part};

const HTML: &str = "text/html; charset=utf-8";
const LAYOUT: &str = "page.html";

/// A page has a style sheet and a form of its own, and nothing else: no script, nothing of others, no frame around it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

#[expect(clippy::expect_used, reason = "a constant that a test reads")]
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // The name's ending turns on escaping.
    environment.add_template(LAYOUT, include_str!("templates/page.html")).expect("the layout can be read");
    environment
});

/// A page for one reader.
pub(super) struct View {
    language: &'static Language,
    tag: &'static str,
    text: &'static PageText,
    /// Where the form goes, relative to the page: a proxy may have taken off what stands before.
    action: &'static str,
    asks_for_password: bool,
    app: String,
    policy: PasswordPolicy,
}

/// What a page shows besides its title and text.
#[derive(Default)]
struct Shown<'a> {
    /// The token that its form sends. `None`: there is no form.
    token: Option<&'a Secret>,
    /// What went wrong.
    alert: Option<String>,
    /// What is wrong with the password.
    password_fault: Option<String>,
    is_done: bool,
}

impl View {
    /// The page in the language of its reader.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where links lead elsewhere.
    pub(super) fn of<P: Page>(request: &HttpRequest, locales: &[Locale]) -> Result<Self, ApiError> {
        let settings = part::<PageSettings>(request)?;
        if !settings.open.contains(&P::PURPOSE) {
            return Err(ApiError::NotFound);
        }
        let (tag, language) = Language::of(locales);
        let text = language.page(P::PURPOSE).ok_or(ApiError::Broken("a page has no text"))?;
        let action = path(P::PURPOSE).and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let policy = *part::<PasswordPolicy>(request)?.get_ref();
        let asks_for_password = P::ASKS_FOR_PASSWORD;
        Ok(Self { language, tag, text, action, asks_for_password, app: settings.app.clone(), policy })
    }

    /// The form, as the link opens it.
    pub(super) fn form(&self, token: &Secret) -> Result<HttpResponse, ApiError> {
        self.ok(&Shown { token: Some(token), ..Shown::default() })
    }

    /// What was asked for is done.
    pub(super) fn done(&self) -> Result<HttpResponse, ApiError> {
        self.ok(&Shown { is_done: true, ..Shown::default() })
    }

    /// It was not done. The form is there again, unless its token is worth nothing or was not read.
    pub(super) fn refused(&self, token: Option<&Secret>, fault: &ApiError) -> Result<HttpResponse, ApiError> {
        let of_password = |error: &&FieldError| ["password", "new_password"].contains(&error.field.as_str());
        let password_fault = fault.field_errors().iter().find(of_password);
        let row = fault.row();
        let refusals = &self.language.refusals;
        let (sentence, can_try_again) = match row.code {
            "invalid_one_time_token" => (&refusals.invalid_link, false),
            "registration_closed" => (&refusals.closed, false),
            "too_many_attempts" | "rate_limited" => (&refusals.too_many, true),
            "overloaded" | "unavailable" | "timeout" => (&refusals.busy, true),
            _ => (&refusals.other, true),
        };
        let shown = Shown {
            token: token.filter(|token| can_try_again && !token.expose().is_empty()),
            alert: password_fault.is_none().then(|| self.line(sentence)).transpose()?,
            password_fault: password_fault.map(|error| self.password_fault(error)).transpose()?,
            is_done: false,
        };
        let mut response = fault.with_body(row.status, HTML, self.html(&shown)?);
        self.set_headers(&mut response);
        Ok(response)
    }

    /// The sentence in the reader's language, if there is one. That of the rule itself is in English.
    fn password_fault(&self, error: &FieldError) -> Result<String, ApiError> {
        match self.language.passwords.get(error.code) {
            Some(sentence) => self.line(sentence),
            None => Ok(error.message.clone()),
        }
    }

    fn ok(&self, shown: &Shown<'_>) -> Result<HttpResponse, ApiError> {
        let mut response =
            HttpResponse::build(StatusCode::OK).insert_header((CONTENT_TYPE, HTML)).body(self.html(shown)?);
        self.set_headers(&mut response);
        Ok(response)
    }

    fn set_headers(&self, response: &mut HttpResponse) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
        response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(self.tag));
    }

    fn html(&self, shown: &Shown<'_>) -> Result<String, ApiError> {
        let (title, text) = match shown.is_done {
            true => (&self.text.done, &self.text.next),
            false => (&self.text.title, &self.text.text),
        };
        let values = context! {
            language => self.tag,
            app => self.app.as_str(),
            title => self.line(title)?,
            text => self.line(text)?,
            fault => self.line(&self.language.fault)?,
            alert => shown.alert.as_deref(),
            password_fault => shown.password_fault.as_deref(),
            token => shown.token.map(Secret::expose),
            action => self.action,
            asks_for_password => self.asks_for_password,
            password => self.line(&self.language.password)?,
            rules => self.line(&self.language.rules)?,
            button => self.line(&self.text.button)?,
        };
        ENVIRONMENT.get_template(LAYOUT).and_then(|layout| layout.render(values)).map_err(|_| BROKEN)
    }

    /// A text of the language with its names replaced. It is escaped where it is put into the page.
    fn line(&self, text: &str) -> Result<String, ApiError> {
        let (min_length, max_length) = (self.policy.min_length, self.policy.max_length);
        let values: Value = context! { app => self.app.as_str(), min_length, max_length };
        ENVIRONMENT.render_str(text, values).map_err(|_| BROKEN)
    }
}

const BROKEN: ApiError = ApiError::Broken("a page cannot be written");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MAIL_LINKS;
    use crate::pages::STYLE_PATH;

    fn view(tag: &str, purpose: domain::one_time_tokens::Purpose) -> View {
        let (tag, language) = Language::of(&[Locale::parse(tag).unwrap()]);
        View {
            language,
            tag,
            text: language.page(purpose).unwrap(),
            action: "reset-password",
            asks_for_password: true,
            app: "<b>Notes</b>".to_owned(),
            policy: PasswordPolicy::default(),
        }
    }

    async fn html(response: Result<HttpResponse, ApiError>) -> String {
        let body = actix_web::body::to_bytes(response.unwrap().into_body()).await.ok().unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn every_page_is_there_in_every_language_and_escapes_what_it_holds() {
        let token = Secret::new("\"><script>alert(1)</script>".to_owned());
        let faults = ["too_short", "too_long", "control_character", "required", "another"]
            .map(|code| ApiError::invalid("new_password", code, "<i>"));
        for link in MAIL_LINKS.iter().filter(|link| link.page.is_some()) {
            for tag in ["en", "de-AT"] {
                let view = view(tag, link.purpose);
                let mut pages = vec![html(view.form(&token)).await, html(view.done()).await];
                for fault in faults.iter().chain([&ApiError::BadRequest, &ApiError::TooManyAttempts(3)]) {
                    pages.push(html(view.refused(Some(&token), fault)).await);
                }
                for page in pages {
                    assert!(page.starts_with(&format!("<!doctype html>\n<html lang=\"{}\">", &tag[..2])), "{page}");
                    for tag in ["<script", "<b>", "<i>", "{{"] {
                        assert!(!page.contains(tag), "{page}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_reader_gets_the_first_of_their_languages_that_there_is() {
        for (locales, expected) in [("fr de-AT en", "de"), ("en de", "en"), ("fr", "en"), ("", "en")] {
            let locales: Vec<_> = locales.split_whitespace().map(|tag| Locale::parse(tag).unwrap()).collect();
            assert_eq!(Language::of(&locales).0, expected);
        }
    }

    #[test]
    fn pages_name_their_style_and_themselves_from_one_folder() {
        let folder = |path: &'static str| path.rsplit_once('/').unwrap().0;
        for page in MAIL_LINKS.iter().filter_map(|link| link.page) {
            assert_eq!(folder(page), folder(STYLE_PATH));
        }
    }
}
