use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use application::ApplicationError;
use application::providers::Providers;
use domain::identities::ProviderName;

use crate::http::{ApiError, Extracting, part};

/// The `{provider}` of the path, which is configured, and what is sent with it.
pub(super) struct AtProvider<T> {
    pub(super) provider: ProviderName,
    pub(super) input: T,
}

impl<T: FromRequest<Error = ApiError> + 'static> FromRequest for AtProvider<T> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let name = request.match_info().get("provider").unwrap_or_default();
            let provider = ProviderName::parse(name).map_err(|_| ApplicationError::UnknownProvider)?;
            part::<Providers>(&request)?.require(&provider)?;
            Ok(Self { provider, input: T::from_request(&request, &mut payload).await? })
        })
    }
}
