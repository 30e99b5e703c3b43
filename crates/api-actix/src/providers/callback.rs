use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use application::ApplicationError;
use application::providers::{CameBack, Providers};
use domain::Secret;
use domain::identities::ProviderName;
use form_urlencoded::Serializer;

use super::browser::KnownBrowser;
use super::path::AtProvider;
use crate::fields::{Form, NotNull};
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

/// Come back from a provider.
///
/// The address that a provider must know as the redirect URI. It takes what the provider says once, and from the browser
/// alone that was sent there.
#[utoipa::path(get, path = "/api/v1/auth/providers/{provider}/callback", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name."), CallbackBody),
    responses((status = 303, description = "On to `return_to`, with `code` or `error`."), crate::http::responses::Invalid,
        NotFound, Unavailable))]
pub(crate) async fn callback(
    providers: web::Data<Providers>,
    KnownBrowser(browser): KnownBrowser,
    AtProvider { provider, input: QueryFields(brought) }: AtProvider<QueryFields<CallbackForm>>,
) -> Result<HttpResponse, ApiError> {
    let state = brought.state.ok_or(ApplicationError::InvalidProviderResponse)?;
    let code = brought.code.filter(|_| brought.error.is_none());
    let back = CameBack { state: Secret::new(state), code, issuer: brought.iss, browser };
    let landing = providers.come_back(&provider, back).await?;
    let (name, value) = match &landing.result {
        Ok(code) => ("code", code.expose()),
        Err(error) => ("error", *error),
    };
    Ok(go_to(&landing.return_to, &[(name, value)]))
}

/// Come back from a provider by a form.
///
/// The same for a provider that sends a form (OAuth 2.0 Form Post Response Mode). Browsers send no cookie with it, so it does
/// nothing but send the browser on to the same address with what it brought.
#[utoipa::path(post, path = "/api/v1/auth/providers/{provider}/callback", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name.")),
    request_body(content((CallbackForm = "application/x-www-form-urlencoded"))),
    responses((status = 303, description = "On to the same address."), Body, NotFound, Unavailable))]
pub(crate) async fn callback_by_form(
    settings: web::Data<HttpSettings>,
    AtProvider { provider, input: FormBody(brought) }: AtProvider<FormBody<CallbackBody>>,
) -> HttpResponse {
    let Brought { state, code, error, iss } = &brought;
    let code = code.as_ref().map(Secret::expose);
    let pairs = [("state", state.as_deref()), ("code", code), ("error", error.as_deref()), ("iss", iss.as_deref())];
    let pairs: Vec<_> = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    go_to(&callback_url(&settings, &provider), &pairs)
}

fn callback_url(settings: &HttpSettings, provider: &ProviderName) -> String {
    format!("{}/api/v1/auth/providers/{provider}/callback", settings.public_url)
}

/// Sends the browser on, with these parameters besides those of the URL.
fn go_to(url: &str, parameters: &[(&str, &str)]) -> HttpResponse {
    let separator = if url.contains('?') { '&' } else { '?' };
    let query = Serializer::new(String::new()).extend_pairs(parameters).finish();
    HttpResponse::SeeOther().insert_header((LOCATION, format!("{url}{separator}{query}"))).finish()
}
