use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest};
use domain::Device;

use crate::error::ApiError;

/// What signs in: the user agent and the address of the peer. Headers of proxies are not believed.
pub(crate) struct ClientDevice(pub(crate) Device);

impl FromRequest for ClientDevice {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user_agent = request.headers().get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let address = request.peer_addr().map(|peer| peer.ip().to_canonical());
        ready(Ok(Self(Device::new(user_agent.as_deref(), address))))
    }
}
