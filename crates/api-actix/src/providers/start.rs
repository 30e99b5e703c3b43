use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use application::ApplicationError;
use application::providers::{NoCode, Providers, StartFlow};
use domain::Secret;
use domain::providers::CodeChallenge;

use super::browser::{KnownBrowser, depart};
use super::callback::go_to;
use super::path::AtProvider;
use super::{Code, ReturnTo};
use crate::fields::{Description, FieldList, Fields, Optional, Presence};
use crate::http::responses::{Invalid, NotFound, RateLimited, Unavailable};
use crate::http::{ApiError, HttpSettings, QueryFields};

/// What the browser begins with.
pub(crate) enum Start {
    SignIn(StartFlow),
    Link(Secret),
}

crate::fields! {
    /// Either `return_to`, or the `link` of a flow that has begun.
    pub(crate) StartQuery as "StartProvider" -> Start {
        start: EitherStart,
    }
    build start
}

/// The parameters of [`StartQuery`], of which one form must be there and the other absent.
struct EitherStart;

crate::fields! {
    BothStarts as "BothStarts" -> (Option<ReturnTo>, Option<CodeChallenge>, Option<Code>) {
        /// Where the browser is sent in the end: exactly one of `APP_AUTH__RETURN_TO`.
        return_to: Optional<ReturnTo>,
        /// The SHA-256 of a `code_verifier` of your own in base64url (RFC 7636, `S256`). Whoever uses the code must
        /// then know that one.
        code_challenge: Optional<CodeChallenge>,
        /// Opens a flow that links an account, once: in the URL that `POST /users/me/identities/{provider}/start`
        /// returns.
        link: Optional<Code>,
    }
    build (return_to, code_challenge, link)
}

impl Presence for EitherStart {
    type Value = Start;

    fn take(fields: &mut Fields<'_>, _: &str) -> Option<Start> {
        match BothStarts::read(fields)? {
            (Some(return_to), code_challenge, None) => {
                Some(Start::SignIn(StartFlow { return_to: return_to.0, code_challenge }))
            }
            (None, None, Some(link)) => Some(Start::Link(link.0)),
            _ => {
                fields.note("return_to", "required", "Either 'return_to' is required, or 'link' alone.");
                None
            }
        }
    }

    fn describe(description: &mut Description, _: &str, _: &[&str]) {
        BothStarts::describe(description);
    }
}

/// Begin to sign in by a provider.
///
/// A browser is sent here, by a link or a form, and goes on to the provider. It comes back to `return_to` with `code`,
/// which is good for one minute and for one use, or with `error`: `access_denied`, `provider_unavailable` or
/// `invalid_provider_response`. Where the provider cannot be asked at the start, whoever accepts `text/html`, as a
/// browser that goes to a page does, comes back at once with `provider_unavailable`, and any other client gets 503.
#[utoipa::path(get, path = "/api/v1/auth/providers/{provider}/start", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name."), StartQuery),
    responses((status = 303, description = "On to the provider, or back to `return_to` with `error`."), Invalid, NotFound,
        RateLimited, Unavailable))]
pub(crate) async fn start(
    providers: web::Data<Providers>,
    settings: web::Data<HttpSettings>,
    request: HttpRequest,
    KnownBrowser(browser): KnownBrowser,
    AtProvider { provider, input: QueryFields(start) }: AtProvider<QueryFields<StartQuery>>,
) -> Result<HttpResponse, ApiError> {
    let departure = match start {
        Start::SignIn(start) => providers.start(&provider, start, browser).await,
        Start::Link(link) => providers.open(&provider, &link, browser).await,
    };
    match departure {
        Err(ApplicationError::ProviderUnavailable { return_to }) if wants_page(&request) => {
            Ok(go_to(&return_to, ("error", NoCode::ProviderUnavailable.as_str())))
        }
        departure => Ok(depart(&departure?, &settings)),
    }
}

/// Whether somebody would look at the response: what a browser goes to is a page, what a script asks for is anything.
fn wants_page(request: &HttpRequest) -> bool {
    let mut accepted = request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.contains("text/html"))
}
