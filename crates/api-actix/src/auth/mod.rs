pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logout_all;
pub(crate) mod logout_others;
pub(crate) mod refresh;
pub(crate) mod verify;

use actix_web::HttpResponse;
use application::TokenPair;
use serde::Serialize;
use utoipa::ToSchema;

/// Tokens (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
#[schema(as = TokenPair)]
pub(crate) struct TokenPairBody<'a> {
    /// For the `Authorization` header of requests: a JWT after RFC 9068.
    #[schema(example = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl")]
    access_token: &'a str,
    /// For the next pair, once. Opaque.
    #[schema(example = "hxr_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    refresh_token: &'a str,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// Seconds for which the access token is valid from now.
    #[schema(example = 900)]
    expires_in: i64,
}

/// `Cache-Control: no-store` is on every answer.
fn answer(pair: &TokenPair) -> HttpResponse {
    HttpResponse::Ok().json(TokenPairBody {
        access_token: pair.access_token.expose(),
        refresh_token: pair.refresh_token.expose(),
        token_type: "bearer",
        expires_in: pair.expires_in.num_seconds(),
    })
}
