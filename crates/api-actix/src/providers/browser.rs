use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{COOKIE, LOCATION, SET_COOKIE};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use application::providers::Departure;
use domain::providers::{Browser, ProviderFlow};

use crate::http::{ApiError, HttpSettings, part};

/// Where clients come by https, no other host of the domain can set a cookie of this name.
const SECURE_NAME: &str = "__Host-hexauth-browser";
const NAME: &str = "hexauth-browser";

/// The browser, by its cookie, if it has one.
pub(super) struct KnownBrowser(pub(super) Option<Browser>);

impl FromRequest for KnownBrowser {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(part::<HttpSettings>(request).map(|settings| Self(find(request, name(is_secure(settings))))))
    }
}

fn find(request: &HttpRequest, name: &str) -> Option<Browser> {
    let headers = request.headers().get_all(COOKIE).filter_map(|header| header.to_str().ok());
    let pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(found, _)| *found == name).find_map(|(_, value)| Browser::parse(value))
}

/// Sends the browser to the provider, with a cookie by which it is known when it comes back: to no script, and from
/// other sites only where somebody follows a link.
pub(super) fn depart(departure: &Departure, settings: &HttpSettings) -> HttpResponse {
    let is_secure = is_secure(settings);
    let cookie = format!(
        "{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}",
        name(is_secure),
        departure.browser.expose(),
        ProviderFlow::LIFETIME.num_seconds(),
        if is_secure { "; Secure" } else { "" },
    );
    let mut response = HttpResponse::SeeOther();
    response.insert_header((LOCATION, departure.url.as_str())).insert_header((SET_COOKIE, cookie)).finish()
}

fn is_secure(settings: &HttpSettings) -> bool {
    settings.public_url.starts_with("https://")
}

const fn name(is_secure: bool) -> &'static str {
    if is_secure { SECURE_NAME } else { NAME }
}
