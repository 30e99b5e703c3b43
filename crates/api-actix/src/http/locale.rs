use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::{FromRequest, HttpRequest};
use domain::mail::Locale;

/// The language that the client asks for first (RFC 9110, section 12.5.4). English, if it asks for none.
pub(crate) struct ClientLocale(pub(crate) Locale);

impl FromRequest for ClientLocale {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(asked_for(request).unwrap_or_default())))
    }
}

/// Likewise, or `None` if it asks for none.
pub(crate) struct AcceptLanguage(pub(crate) Option<Locale>);

impl FromRequest for AcceptLanguage {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(asked_for(request))))
    }
}

fn asked_for(request: &HttpRequest) -> Option<Locale> {
    request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).and_then(preferred)
}

/// The language with the highest weight; of several, the first.
fn preferred(header: &str) -> Option<Locale> {
    let weighed = header.split(',').filter_map(|range| {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
        Some((weight, Locale::parse(tag.trim()).ok()?)).filter(|(weight, _)| *weight > 0.0)
    });
    let best = weighed.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, locale)| locale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_wanted_most_is_taken() {
        for (header, expected) in [
            ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
            ("en;q=0.5, de", "de"),
            ("fr;q=0, de;q=0.1", "de"),
            ("*", "none"),
            ("zh-Hant-TW, de;q=0.3", "de"),
            ("", "none"),
            ("de;q=x", "none"),
        ] {
            assert_eq!(preferred(header).as_ref().map_or("none", Locale::as_str), expected, "{header}");
        }
    }
}
