use actix_web::{HttpResponse, web};
use application::providers::Providers;
use serde::Serialize;
use utoipa::ToSchema;

use super::StartFlowBody;
use super::path::AtProvider;
use crate::http::responses::{Body, Forbidden, NotFound, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, HttpSettings, JsonBody};

/// Where to send the browser.
#[derive(Serialize, ToSchema)]
#[schema(as = StartedLinking)]
pub(crate) struct StartedLinkingBody {
    /// It opens the flow once.
    #[schema(example = "https://auth.example.com/api/v1/auth/providers/google/start?link=hxl_AAAA")]
    url: String,
}

/// Begin to link an account.
///
/// Send the browser to the `url`. It comes back to `return_to` with `code`, as after a sign-in; end with
/// `POST /users/me/identities` in the same session. Needs a recent proof by a factor that one has: otherwise 403
/// `step_up_required`.
#[utoipa::path(post, path = "/api/v1/users/me/identities/{provider}/start", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name.")), request_body = StartFlowBody,
    responses((status = 200, description = "It has begun.", body = StartedLinkingBody), Body, Unauthorized, Forbidden,
        NotFound, RateLimited, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn start_linking(
    providers: web::Data<Providers>,
    settings: web::Data<HttpSettings>,
    Guarded { actor, input: AtProvider { provider, input: JsonBody(start) } }: Guarded<
        AtProvider<JsonBody<StartFlowBody>>,
    >,
) -> Result<HttpResponse, ApiError> {
    let link = providers.start_linking(&actor, &provider, start).await?;
    let base = &settings.public_url;
    let url = format!("{base}/api/v1/auth/providers/{provider}/start?link={}", link.expose());
    Ok(HttpResponse::Ok().json(StartedLinkingBody { url }))
}
