use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::{FromRequest, HttpRequest};
use domain::users::Locale;

/// The language that the client asks for first (RFC 9110, section 12.5.4). English, if it asks for none.
pub(crate) struct ClientLocale(pub(crate) Locale);

impl FromRequest for ClientLocale {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(asked_for(request).into_iter().next().unwrap_or_default())))
    }
}

/// Likewise, or `None` if it asks for none.
pub(crate) struct AcceptLanguage(pub(crate) Option<Locale>);

impl FromRequest for AcceptLanguage {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(asked_for(request).into_iter().next())))
    }
}

/// All languages that the client reads, those that it asks for first in front.
pub(crate) struct ClientLocales(pub(crate) Vec<Locale>);

impl FromRequest for ClientLocales {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(asked_for(request))))
    }
}

fn asked_for(request: &HttpRequest) -> Vec<Locale> {
    let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    header.map(by_weight).unwrap_or_default()
}

/// The languages, those with the highest weight first; of several, in the order of the header.
fn by_weight(header: &str) -> Vec<Locale> {
    let weighed = header.split(',').filter_map(|range| {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
        Some((weight, Locale::parse(tag.trim()).ok()?)).filter(|(weight, _)| *weight > 0.0)
    });
    let mut weighed: Vec<(f32, Locale)> = weighed.collect();
    weighed.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    weighed.into_iter().map(|(_, locale)| locale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_that_are_wanted_most_come_first() {
        for (header, expected) in [
            ("de-AT,de;q=0.9,en;q=0.8", "de-AT de en"),
            ("en;q=0.5, de, nl", "de nl en"),
            ("fr;q=0, de;q=0.1", "de"),
            ("*", ""),
            ("zh-Hant-TW, de;q=0.3", "de"),
            ("", ""),
            ("de;q=x", ""),
        ] {
            let locales = by_weight(header);
            let tags: Vec<_> = locales.iter().map(Locale::as_str).collect();
            assert_eq!(tags.join(" "), expected, "{header}");
        }
    }
}
