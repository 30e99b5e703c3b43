//! What routes take from a request. A guarded route takes [`Guarded`], and cannot be written without the actor.

mod bearer;
mod body;
mod client;
mod device;
mod path_id;
mod query;

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use application::Actor;
use chrono::NaiveDate;

pub(crate) use bearer::OptionalActor;
pub(crate) use body::{FormOrJson, Json, read_limited};
pub(crate) use client::ClientRequest;
pub(crate) use device::ClientDevice;
pub(crate) use path_id::{AtId, PathId, PathSession};
pub(crate) use query::Query;

use crate::error::ApiError;
use crate::fields::Rules;
use crate::state::AppState;

/// The future of an extractor.
type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// Who asks, and then what they send: nothing is read from who has no valid token.
pub(crate) struct Guarded<T> {
    pub(crate) actor: Actor,
    pub(crate) input: T,
}

impl<T> FromRequest for Guarded<T>
where
    T: FromRequest + 'static,
    T::Error: Into<ApiError>,
{
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let actor = bearer::authenticate(&request).await?;
            let input = T::from_request(&request, &mut payload).await.map_err(Into::into)?;
            Ok(Self { actor, input })
        })
    }
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
