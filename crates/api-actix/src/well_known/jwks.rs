use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{HttpResponse, web};
use application::keys::Keys;
use domain::access_tokens::PublishedKeys;

/// Keys.
///
/// The public halves of the signing keys, as a JWK set (RFC 7517), to check access tokens with. A symmetric key is left
/// out, since nobody else may have it.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "keys",
    responses((status = 200, description = "The keys.", body = Object)))]
pub(crate) async fn jwks(keys: web::Data<Keys>) -> HttpResponse {
    let PublishedKeys { jwk_set, good_for } = keys.jwks();
    // In whole seconds, rounded down: a cache must not hide a key that signs.
    let cached = format!("public, max-age={}", good_for.num_seconds());
    HttpResponse::Ok().insert_header((CACHE_CONTROL, cached)).insert_header(ContentType::json()).body(jwk_set)
}
