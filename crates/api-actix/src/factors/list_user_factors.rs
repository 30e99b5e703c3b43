use actix_web::{HttpResponse, web};
use application::Target;
use application::factors::Factors;
use domain::users::UserId;

use super::FactorsBody;
use crate::http::responses::{Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// List a user's factors.
///
/// Which second factors they have. For admins, who see no secret.
#[utoipa::path(get, path = "/api/v1/users/{id}/factors", tag = "factors",
    params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 200, description = "The factors.", body = FactorsBody), Unauthorized, Forbidden, NotFound,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_user_factors(
    factors: web::Data<Factors>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    let list = factors.list(&actor, Target::User(UserId::new(id))).await?;
    Ok(HttpResponse::Ok().json(FactorsBody::from(list)))
}
