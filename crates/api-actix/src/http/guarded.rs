//! A guarded route takes [`Guarded`], and cannot be written without the actor.

use std::pin::pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use application::Actor;
use futures_util::FutureExt;

use super::Extracting;
use super::bearer::{actor, actor_if_known, judge};
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
            let actor = actor(&request).await?.ok_or(ApiError::MissingToken)?;
            let (actor, input) = read_as(Some(actor), &request, payload).await?;
            Ok(Self { actor: actor.ok_or(ApiError::MissingToken)?, input })
        })
    }
}

/// As [`Guarded`], on a route that is open to anyone: a token is not needed, and one that is not valid counts as none.
/// One that ends while the rest of the request comes in is refused.
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
            let actor = actor_if_known(&request).await?;
            let (actor, input) = read_as(actor, &request, payload).await?;
            Ok(Self { actor, input })
        })
    }
}

/// Reads what an actor sends, or anyone. Returns the actor as they are by then.
async fn read_as<T>(
    mut actor: Option<Actor>,
    request: &HttpRequest,
    mut payload: Payload,
) -> Result<(Option<Actor>, T), ApiError>
where
    T: FromRequest,
    T::Error: Into<ApiError>,
{
    let mut reading = pin!(T::from_request(request, &mut payload));
    let input = match reading.as_mut().now_or_never() {
        Some(input) => input,
        // It takes time, in which the actor may end.
        None => {
            let input = reading.await;
            if actor.is_some() {
                actor = judge(request).await?;
            }
            input
        }
    };
    Ok((actor, input.map_err(Into::into)?))
}
