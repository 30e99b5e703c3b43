use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use application::providers::Providers;

use super::{IdentityBody, RedeemCodeBody};
use crate::http::responses::{Body, Conflict, Forbidden, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, JsonBody};

/// Link an account.
///
/// Links the account that was proven at a provider, in the session in which the flow began. One that is linked already,
/// to whomever, is 409 `duplicate`. Needs a recent proof of who one is, by a second factor where there is one, also one
/// that was added meanwhile: otherwise 403 `step_up_required`, and the code stays good.
#[utoipa::path(post, path = "/api/v1/users/me/identities", tag = "providers", request_body = RedeemCodeBody,
    responses(
        (status = 201, description = "It is linked.", body = IdentityBody,
            headers(("Location" = String, description = "Where the link is."))),
        Body, Unauthorized, Forbidden, Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn finish_linking(
    providers: web::Data<Providers>,
    Guarded { actor, input: JsonBody(redeem) }: Guarded<JsonBody<RedeemCodeBody>>,
) -> Result<HttpResponse, ApiError> {
    let identity = providers.finish_linking(&actor, redeem).await?;
    let location = format!("/api/v1/users/me/identities/{}", identity.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(IdentityBody::from(identity)))
}
