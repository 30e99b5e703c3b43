//! A guarded route takes [`Guarded`], and cannot be written without the actor.

use std::pin::pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use application::Actor;
use futures_util::FutureExt;

use super::Extracting;
use super::bearer::{actor, judge};
use super::error::ApiError;

/// The actor, and then what they send: nothing is read from anyone without a valid token. A handler that takes this
/// cannot be reached without an actor; `Guarded<()>` is for one that takes nothing else. A token that was revoked is
/// refused at once, as everywhere. The token is judged again after what was sent, if that had to be waited for.
///
/// It works in any handler of an app that [`Mount::onto`](crate::node::hexauth::Mount::onto) was given. What `input`
/// takes from the request may be of this crate or of actix: `Guarded<JsonBody<T>>`, `Guarded<web::Path<i64>>`.
pub struct Guarded<T> {
    /// The actor.
    pub actor: Actor,
    /// What they send.
    pub input: T,
}

impl<T> FromRequest for Guarded<T>
where
    T: FromRequest + 'static,
    T::Error: Into<ApiError>,
{
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (actor, input) = guard(&request, payload, required).await?;
            Ok(Self { actor, input })
        })
    }
}

/// As [`Guarded`], on a route that is open to anyone: a token is not needed, but one that is there must be valid.
pub struct GuardedIfKnown<T> {
    /// The holder of the token, if there is one.
    pub actor: Option<Actor>,
    /// What they send.
    pub input: T,
}

impl<T> FromRequest for GuardedIfKnown<T>
where
    T: FromRequest + 'static,
    T::Error: Into<ApiError>,
{
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (actor, input) = guard(&request, payload, Ok).await?;
            Ok(Self { actor, input })
        })
    }
}

/// The actor, and then what they send. `known` says what becomes of a request without a token.
async fn guard<T, A>(
    request: &HttpRequest,
    mut payload: Payload,
    known: impl Fn(Option<Actor>) -> Result<A, ApiError>,
) -> Result<(A, T), ApiError>
where
    T: FromRequest,
    T::Error: Into<ApiError>,
{
    let mut who = known(actor(request).await?)?;
    let mut reading = pin!(T::from_request(request, &mut payload));
    let input = match reading.as_mut().now_or_never() {
        Some(input) => input,
        // It takes time, in which the actor may end.
        None => {
            let input = reading.await;
            who = known(judge(request).await?)?;
            input
        }
    };
    Ok((who, input.map_err(Into::into)?))
}

fn required(actor: Option<Actor>) -> Result<Actor, ApiError> {
    actor.ok_or(ApiError::MissingToken)
}
