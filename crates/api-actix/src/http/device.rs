use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest};
use domain::sessions::Device;

use super::client_address;
use super::error::ApiError;
use super::parts::part;
use super::settings::HttpSettings;

/// What signs in: the user agent and the address of the client.
pub(crate) struct ClientDevice(pub(crate) Device);

impl FromRequest for ClientDevice {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(device(request).map(Self))
    }
}

/// From where the client asks, if that is known.
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

impl FromRequest for ClientAddress {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(address(request).map(Self))
    }
}

fn device(request: &HttpRequest) -> Result<Device, ApiError> {
    let user_agent = request.headers().get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    Ok(Device::new(user_agent.as_deref(), address(request)?))
}

/// The address of the client, if that is known.
pub(crate) fn address(request: &HttpRequest) -> Result<Option<IpAddr>, ApiError> {
    Ok(client_address::of(request, &part::<HttpSettings>(request)?.proxies))
}
