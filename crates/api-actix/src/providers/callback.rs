use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use application::ApplicationError;
use application::providers::{CameBack, Providers};
use domain::Secret;
use domain::identities::ProviderName;
use form_urlencoded::Serializer;

use super::browser::KnownBrowser;
use super::path::AtProvider;
use crate::fields::{Flat, Form, NotNull};
use crate::http::responses::{Body, NotFound, Unavailable};
use crate::http::{ApiError, FormBody, HttpSettings, QueryFields};

/// What a provider lets a browser bring.
pub(crate) struct Brought {
    state: Option<String>,
    code: Option<Secret>,
    error: Option<String>,
    iss: Option<String>,
}

crate::fields! {
    /// What a provider lets a browser bring (RFC 6749, section 4.1.2; RFC 9207). Others than these are ignored.
    pub(crate) CallbackBody as "ProviderCallback" -> Brought {
        /// What the browser was sent with.
        state: NotNull<String>,
        /// The provider's code.
        code: NotNull<Secret>,
        /// Why there is none.
        error: NotNull<String>,
        /// Who says so.
        iss: NotNull<String>,
    }
    example {"state": "hxt_AAAA", "code": "4/0AX4XfWh"}
    build Brought { state, code, error, iss }
}

pub(crate) type CallbackForm = Form<CallbackBody>;

crate::fields! {
    /// What a provider lets a browser bring, or `handle` alone. Others than these are ignored.
    pub(crate) CallbackQueryBody as "ProviderCallbackQuery" -> (Brought, Option<Secret>) {
        brought: Flat<CallbackBody>,
        /// In the URL that a form was sent on to: what it brought, sealed.
        handle: NotNull<Secret>,
    }
    example {"state": "hxt_AAAA", "code": "4/0AX4XfWh"}
    build (brought, handle)
}

pub(crate) type CallbackQuery = Form<CallbackQueryBody>;

impl Brought {
    fn is_empty(&self) -> bool {
        self.pairs().next().is_none()
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self { state, code, error, iss } = self;
        let code = code.as_ref().map(Secret::expose);
        let pairs = [("state", state.as_deref()), ("code", code), ("error", error.as_deref()), ("iss", iss.as_deref())];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// A line for each, which is sealed: with escapes it would be longer than what was sent. None of them has line
    /// breaks (RFC 6749, appendix A).
    fn to_lines(&self) -> Result<Secret, ApplicationError> {
        if self.pairs().any(|(_, value)| value.contains('\n')) {
            return Err(ApplicationError::InvalidProviderResponse);
        }
        let lines: Vec<_> = self.pairs().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(Secret::new(lines.join("\n")))
    }

    fn from_lines(lines: &Secret) -> Self {
        let find = |name| {
            let mut pairs = lines.expose().split('\n').filter_map(|line| line.split_once('='));
            pairs.find_map(|(found, value)| (found == name).then(|| value.to_owned()))
        };
        Self { state: find("state"), code: find("code").map(Secret::new), error: find("error"), iss: find("iss") }
    }
}

/// Come back from a provider.
///
/// The address that a provider must know as the redirect URI. It takes what the provider says once, and from the
/// browser alone that was sent there.
#[utoipa::path(get, path = "/api/v1/auth/providers/{provider}/callback", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name."), CallbackQueryBody),
    responses((status = 303, description = "On to `return_to`, with `code` or `error`."), crate::http::responses::Invalid,
        NotFound, Unavailable))]
pub(crate) async fn callback(
    providers: web::Data<Providers>,
    KnownBrowser(browser): KnownBrowser,
    AtProvider { provider, input: QueryFields((brought, handle)) }: AtProvider<QueryFields<CallbackQuery>>,
) -> Result<HttpResponse, ApiError> {
    let brought = match handle {
        None => brought,
        Some(handle) if brought.is_empty() => Brought::from_lines(&providers.open_response(&provider, &handle)?),
        Some(_) => return Err(ApplicationError::InvalidProviderResponse.into()),
    };
    let state = brought.state.ok_or(ApplicationError::InvalidProviderResponse)?;
    let code = brought.code.filter(|_| brought.error.is_none());
    let back = CameBack { state: Secret::new(state), code, issuer: brought.iss, browser };
    let landing = providers.come_back(&provider, back).await?;
    let (name, value) = match &landing.result {
        Ok(code) => ("code", code.expose()),
        Err(reason) => ("error", reason.as_str()),
    };
    Ok(go_to(&landing.return_to, (name, value)))
}

/// Come back from a provider by a form.
///
/// The same for a provider that sends a form (OAuth 2.0 Form Post Response Mode). Browsers send no cookie with it, so
/// it signs nobody in: it sends the browser on to the same address with a `handle`, in which what it brought is sealed.
/// All of it may have 4,096 bytes with the names, whatever it took to escape them.
#[utoipa::path(post, path = "/api/v1/auth/providers/{provider}/callback", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name.")),
    request_body(content((CallbackForm = "application/x-www-form-urlencoded"))),
    responses((status = 303, description = "On to the same address, with `handle`."), Body, NotFound, Unavailable))]
pub(crate) async fn callback_by_form(
    providers: web::Data<Providers>,
    settings: web::Data<HttpSettings>,
    AtProvider { provider, input: FormBody(brought) }: AtProvider<FormBody<CallbackBody>>,
) -> Result<HttpResponse, ApiError> {
    let handle = providers.seal_response(&provider, &brought.to_lines()?)?;
    Ok(go_to(&callback_url(&settings, &provider), ("handle", handle.expose())))
}

fn callback_url(settings: &HttpSettings, provider: &ProviderName) -> String {
    format!("{}/api/v1/auth/providers/{provider}/callback", settings.public_url)
}

/// Sends the browser on, with this parameter besides those of the URL.
pub(super) fn go_to(url: &str, (name, value): (&str, &str)) -> HttpResponse {
    let separator = if url.contains('?') { '&' } else { '?' };
    let query = Serializer::new(String::new()).append_pair(name, value).finish();
    HttpResponse::SeeOther().insert_header((LOCATION, format!("{url}{separator}{query}"))).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_brought_is_carried_as_it_is() {
        for (state, code, error) in [
            (Some("hxt_A"), Some("a=b&c%2F+d/\"\\é"), None),
            (Some("=state=\r"), None, Some("access_denied")),
            (None, None, None),
        ] {
            let brought = Brought {
                state: state.map(str::to_owned),
                code: code.map(|code| Secret::new(code.to_owned())),
                error: error.map(str::to_owned),
                iss: code.map(|_| "https://id.example.com".to_owned()),
            };
            let carried = Brought::from_lines(&brought.to_lines().unwrap());
            assert!(carried.pairs().eq(brought.pairs()), "{state:?} {code:?} {error:?}");
        }
        let two = Brought { state: Some("a\ncode=b".to_owned()), code: None, error: None, iss: None };
        assert!(matches!(two.to_lines(), Err(ApplicationError::InvalidProviderResponse)));
    }
}
