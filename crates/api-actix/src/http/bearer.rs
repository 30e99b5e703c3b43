//! Who sends a request: the holder of its bearer token (RFC 6750, section 2.1).

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpMessage, HttpRequest};
use application::Actor;
use application::sessions::Sessions;

use super::device::address;
use super::error::ApiError;
use super::parts::part;

/// An actor whose token was already judged in this request.
struct Judged(Actor);

/// The actor, judged once in a request: by its limit, or by its guard. `None` without a token. One that is there must
/// be valid.
pub(crate) async fn actor(request: &HttpRequest) -> Result<Option<Actor>, ApiError> {
    if let Some(Judged(actor)) = request.extensions().get() {
        return Ok(Some(*actor));
    }
    let actor = judge(request).await?;
    if let Some(actor) = actor {
        request.extensions_mut().insert(Judged(actor));
    }
    Ok(actor)
}

/// The same on a route that is open to anyone, where a token that is not valid counts as none: clients send theirs
/// along with every request.
pub(crate) async fn actor_if_known(request: &HttpRequest) -> Result<Option<Actor>, ApiError> {
    match actor(request).await {
        Err(ApiError::InvalidToken) => Ok(None),
        result => result,
    }
}

/// As [`actor`], judged now: for a request that had to wait meanwhile.
pub(crate) async fn judge(request: &HttpRequest) -> Result<Option<Actor>, ApiError> {
    let Some(token) = token(request)? else { return Ok(None) };
    let actor = part::<Sessions>(request)?.authenticate(token).await?;
    Ok(Some(Actor { address: address(request)?, ..actor }))
}

/// The token. The query and the body are not searched for one.
pub(crate) fn token(request: &HttpRequest) -> Result<Option<&str>, ApiError> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(ApiError::InvalidToken);
    }
    let text = header.to_str().map_err(|_| ApiError::InvalidToken)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    Ok(Some(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("Bearer")))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use domain::Timestamp;
    use domain::sessions::SessionId;
    use domain::users::{Epoch, Role, UserId};
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_token_is_judged_once_unless_it_is_to_be_judged_again() {
        let request = TestRequest::default().insert_header((AUTHORIZATION, "Bearer a.b.c")).to_http_request();
        let known = Actor {
            user_id: UserId::new(Uuid::from_u128(1)),
            role: Role::Admin,
            epoch: Epoch::default(),
            session: SessionId::new(Uuid::from_u128(2)),
            token_expires_at: Timestamp::default(),
            authentication: None,
            address: None,
        };
        request.extensions_mut().insert(Judged(known));
        assert_eq!(actor(&request).await.unwrap().unwrap().user_id, known.user_id);
        // There are no use cases here to ask.
        assert!(matches!(judge(&request).await, Err(ApiError::Broken(_))));
    }

    #[test]
    fn a_token_is_taken_from_one_header_of_the_scheme_bearer() {
        let token_in = |values: &[&str]| {
            let request = TestRequest::default();
            let request = values.iter().fold(request, |request, value| request.append_header((AUTHORIZATION, *value)));
            token(&request.to_http_request()).map(|token| token.map(str::to_owned)).map_err(|error| error.to_string())
        };
        assert_eq!(token_in(&[]), Ok(None));
        assert_eq!(token_in(&["Basic YTpi"]), Ok(None));
        assert_eq!(token_in(&["bearer  a.b.c "]), Ok(Some("a.b.c".to_owned())));
        assert_eq!(token_in(&["Bearer"]), Ok(Some(String::new())));
        assert_eq!(token_in(&["Bearer a", "Bearer b"]), Err("invalid_token".to_owned()));
    }
}
