use actix_web::{HttpResponse, web};
use application::attempts::AttemptCounts;
use domain::users::UserId;

use super::AttemptsBody;
use crate::http::responses::{Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// List a user's attempts.
///
/// What is counted of attempts at the account, and until when one has to wait: last used first, 100 at most. For
/// admins.
#[utoipa::path(get, path = "/api/v1/users/{id}/attempts", tag = "users",
    params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 200, description = "The counts.", body = [AttemptsBody]), Unauthorized, Forbidden, NotFound,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_attempts(
    attempts: web::Data<AttemptCounts>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    let listed = attempts.list(&actor, UserId::new(id)).await?;
    Ok(HttpResponse::Ok().json(listed.into_iter().map(AttemptsBody::from).collect::<Vec<_>>()))
}
