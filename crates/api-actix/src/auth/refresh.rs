use actix_web::{HttpResponse, web};
use application::Application;
use domain::Secret;
use utoipa::ToSchema;

use super::{TokenPairBody, answer};
use crate::http::responses::{Body, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, Fields, FromFields, Json};

/// A refresh token.
#[derive(ToSchema)]
#[schema(as = RefreshToken)]
pub(crate) struct RefreshTokenBody {
    /// As the last sign-in or refresh handed it out.
    #[schema(value_type = String,
        example = "hxr_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    pub(super) refresh_token: Secret,
}

impl FromFields for RefreshTokenBody {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let refresh_token = fields.secret("refresh_token");
        Some(Self { refresh_token: refresh_token? })
    }
}

/// Refresh.
///
/// Exchanges a refresh token for the next pair. Each token works once; an old one that comes back later ends its
/// session, since a copy must be about.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", request_body = RefreshTokenBody,
    responses((status = 200, description = "The next tokens.", body = TokenPairBody), Body, Unauthorized, RateLimited, Unavailable))]
pub(crate) async fn refresh(
    application: web::Data<Application>,
    Json(body): Json<RefreshTokenBody>,
) -> Result<HttpResponse, ApiError> {
    Ok(answer(&application.sessions.refresh(body.refresh_token.expose()).await?))
}
