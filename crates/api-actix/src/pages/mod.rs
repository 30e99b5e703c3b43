//! Pages for the links in mails, for people whose app has none: HTML without script, one file per page.
//!
//! A GET shows a form and does nothing else: programs that look into mails open links, too. A person's click on the
//! button sends the token of the link in the body of a POST. That token is what proves who asks, so no other site can
//! send such a form for somebody, and there are no cookies that it could borrow: a token against forged requests would
//! prove nothing more.

mod accept_invitation;
mod confirm_email;
mod reset_password;
mod sent;
mod stop_email_change;
mod texts;
mod verify_email;
mod view;

use std::net::IpAddr;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use domain::Secret;
use domain::one_time_tokens::Purpose;
use utoipa::openapi::OpenApi;

use crate::auth::MAX_PROOF_BYTES;
use crate::config::{MAIL_LINKS, MailSettings};
use crate::http::{ApiError, ClientAddress, ClientLocales, Feature, FormBody, Limited, limit_in_handler, spend};
use sent::{Sent, SentBody};
use view::View;

pub(crate) const FEATURE: Feature = Feature {
    data: |_, data| data,
    routes,
    // Pages are for people. Programs have the routes that do the same.
    openapi: OpenApi::default,
    errors: &[],
    #[cfg(test)]
    bodies: || vec![],
};

const STYLE_PATH: &str = "/account/style.css";
const STYLE: &str = include_str!("templates/style.css");

/// What the button of a page does.
trait Page: 'static {
    /// What its links are for.
    const PURPOSE: Purpose;
    /// Whether a new password is typed.
    const ASKS_FOR_PASSWORD: bool;
    /// The limit that it shares with the route that does the same.
    const LIMITED: Limited;

    /// Does it.
    async fn submit(request: &HttpRequest, sent: Sent, address: Option<IpAddr>) -> Result<(), ApiError>;
}

/// Which pages are open, and what they call the service.
#[derive(Debug)]
pub(crate) struct PageSettings {
    app: String,
    open: Vec<Purpose>,
}

impl PageSettings {
    /// A page is open where mails lead to it. Without mail there is none.
    pub(crate) fn of(mail: Option<&MailSettings>) -> Self {
        Self {
            app: mail.map(|mail| mail.app_name.clone()).unwrap_or_default(),
            open: mail.into_iter().flat_map(MailSettings::own_links).map(|link| link.purpose).collect(),
        }
    }
}

fn routes(config: &mut ServiceConfig) {
    config.service(resource(STYLE_PATH).route(get().to(style)));
    mount::<reset_password::ResetPassword>(config);
    mount::<verify_email::VerifyEmail>(config);
    mount::<confirm_email::ConfirmEmail>(config);
    mount::<stop_email_change::StopEmailChange>(config);
    mount::<accept_invitation::AcceptInvitation>(config);
}

fn mount<P: Page>(config: &mut ServiceConfig) {
    if let Some(path) = path(P::PURPOSE) {
        let page = resource(path).route(get().to(show::<P>));
        config.service(page.route(limit_in_handler(post().to(submit::<P>))));
    }
}

fn path(purpose: Purpose) -> Option<&'static str> {
    MAIL_LINKS.iter().find(|link| link.purpose == purpose)?.page
}

/// Shows the form. The token of the link is not looked at: whoever only opens a page neither uses it nor learns
/// anything about it.
async fn show<P: Page>(request: HttpRequest, ClientLocales(locales): ClientLocales) -> Result<HttpResponse, ApiError> {
    View::of::<P>(&request, &locales)?.form(&token_in(request.query_string()))
}

/// The token in the query, if there is one that could be good.
fn token_in(query: &str) -> Secret {
    let token = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token").map(|(_, token)| token);
    Secret::new(token.filter(|token| token.len() <= MAX_PROOF_BYTES).unwrap_or_default().into_owned())
}

/// Does what the link is for, and shows what came of it. The form is there again where it can be sent again.
async fn submit<P: Page>(
    request: HttpRequest,
    ClientLocales(locales): ClientLocales,
    ClientAddress(address): ClientAddress,
    body: Result<FormBody<SentBody>, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let view = View::of::<P>(&request, &locales)?;
    let sent = match body {
        Ok(FormBody(sent)) => sent,
        Err(fault) => return view.refused(None, &fault),
    };
    let token = sent.token.clone();
    let submitted = match spend(P::LIMITED, &request) {
        Ok(()) => P::submit(&request, sent, address).await,
        Err(fault) => Err(fault),
    };
    match submitted {
        Ok(()) => view.done(),
        Err(fault) => view.refused(Some(&token), &fault),
    }
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(STYLE)
}
