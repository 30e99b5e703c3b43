use actix_web::{HttpResponse, web};
use application::providers::{Providers, StartFlow};
use domain::Secret;
use domain::providers::CodeChallenge;

use super::browser::{KnownBrowser, depart};
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
/// `invalid_provider_response`.
#[utoipa::path(get, path = "/api/v1/auth/providers/{provider}/start", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name."), StartQuery),
    responses((status = 303, description = "On to the provider."), Invalid, NotFound, RateLimited, Unavailable))]
pub(crate) async fn start(
    providers: web::Data<Providers>,
    settings: web::Data<HttpSettings>,
    KnownBrowser(browser): KnownBrowser,
    AtProvider { provider, input: QueryFields(start) }: AtProvider<QueryFields<StartQuery>>,
) -> Result<HttpResponse, ApiError> {
    let departure = match start {
        Start::SignIn(start) => providers.start(&provider, start, browser).await?,
        Start::Link(link) => providers.open(&provider, &link, browser).await?,
    };
    Ok(depart(&departure, &settings))
}
