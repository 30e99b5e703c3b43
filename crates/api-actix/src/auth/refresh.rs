use actix_web::{HttpResponse, web};
use application::sessions::Sessions;
use domain::{Secret, ValidationError};

use super::{TokenPairBody, tokens};
use crate::fields::{Required, TextShape, TextValue};
use crate::http::responses::{Body, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, ClientAddress, JsonBody};

crate::fields! {
    /// A refresh token.
    pub(crate) RefreshTokenBody as "RefreshToken" -> Secret {
        /// As the last sign-in or refresh handed it out.
        refresh_token: Required<PresentedToken>,
    }
    build refresh_token.0
}

/// What somebody takes for a refresh token.
pub(crate) struct PresentedToken(pub(crate) Secret);

impl TextValue for PresentedToken {
    const SHAPE: TextShape =
        TextShape::ANY.example("hxr_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Secret::parse(text).map(Self)
    }
}

/// Refresh.
///
/// Exchanges a refresh token for the next pair. Each token works once; an old one that comes back later ends its
/// session, since there must be a copy.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", request_body = RefreshTokenBody,
    responses((status = 200, description = "The next tokens.", body = TokenPairBody), Body, Unauthorized, RateLimited, Unavailable))]
pub(crate) async fn refresh(
    sessions: web::Data<Sessions>,
    ClientAddress(address): ClientAddress,
    JsonBody(token): JsonBody<RefreshTokenBody>,
) -> Result<HttpResponse, ApiError> {
    Ok(tokens(&sessions.refresh(token.expose(), address).await?))
}
