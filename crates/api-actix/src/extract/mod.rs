//! What routes take from a request. A guarded route takes [`Guarded`], and cannot be written without the actor.

mod bearer;
mod body;
mod client;
mod device;
mod path_id;
mod query;

use std::future::Future;
use std::pin::{Pin, pin};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use application::Actor;
use chrono::NaiveDate;
use futures_util::FutureExt;

pub use body::Json;
pub use path_id::{AtId, PathId};
pub use query::Query;

pub(crate) use bearer::authenticate_if_any;
pub(crate) use body::{Form, FormOrJson, OptionalJson};
pub(crate) use client::ClientRequest;
pub(crate) use device::{ClientAddress, ClientDevice};
pub(crate) use path_id::PathSession;

use crate::error::ApiError;
use crate::fields::Rules;
use crate::state::AppState;

/// The future of an extractor.
type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// Who asks, and then what they send: nothing is read from who has no valid token. A handler that takes this cannot be
/// reached without an actor; `Guarded<()>` is for one that takes nothing else. A token that was revoked is refused at
/// once, as everywhere. It is judged again behind what was sent, if that had to be waited for.
///
/// Works in any handler of an app that [`Mount::onto`](crate::hexauth::Mount::onto) was given. What `input` takes from
/// the request may be of this crate or of actix: `Guarded<Json<T>>`, `Guarded<web::Path<i64>>`.
pub struct Guarded<T> {
    /// Who asks.
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
            let (actor, input) = guard(&request, payload, bearer::authenticate).await?;
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
            let (actor, input) = guard(&request, payload, authenticate_if_any).await?;
            Ok(Self { actor, input })
        })
    }
}

/// Who asks, and then what they send.
async fn guard<T, A>(
    request: &HttpRequest,
    mut payload: Payload,
    authenticate: impl AsyncFn(&HttpRequest) -> Result<A, ApiError>,
) -> Result<(A, T), ApiError>
where
    T: FromRequest,
    T::Error: Into<ApiError>,
{
    let mut actor = authenticate(request).await?;
    let mut reading = pin!(T::from_request(request, &mut payload));
    let input = match reading.as_mut().now_or_never() {
        Some(input) => input,
        // It takes its time, in which the actor may end.
        None => {
            let input = reading.await;
            actor = authenticate(request).await?;
            input
        }
    };
    Ok((actor, input.map_err(Into::into)?))
}

/// The state that every route of ours is mounted with.
pub(crate) fn state(request: &HttpRequest) -> Result<&AppState, ApiError> {
    let state = request.app_data::<web::Data<AppState>>();
    state.map(|state| state.get_ref()).ok_or(ApiError::Broken("the routes are mounted without their state"))
}

fn rules(state: &AppState) -> Rules {
    let today: NaiveDate = state.clock.now().date_naive();
    Rules { password_policy: state.password_policy, today }
}
