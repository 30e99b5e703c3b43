use actix_web::{HttpResponse, web};
use application::passkeys::Passkeys;
use domain::factors::FactorName;
use domain::passkeys::PasskeyId;

use super::PasskeyBody;
use crate::fields::NotNull;
use crate::http::responses::{Body, Conflict, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, JsonBody};

crate::fields! {
    /// What to change of a passkey.
    pub(crate) RenamePasskeyBody as "RenamePasskey" -> Option<FactorName> {
        name: NotNull<FactorName>,
    }
    example {"name": "Laptop"}
    build name
}

/// Rename a passkey.
///
/// The name is for its user alone. It is neither a proof nor a right, so no recent proof is asked for.
#[utoipa::path(patch, path = "/api/v1/users/me/passkeys/{id}", tag = "passkeys",
    request_body(content((RenamePasskeyBody = "application/json"), (RenamePasskeyBody = "application/merge-patch+json"))),
    params(("id" = Uuid, Path, description = "The passkey.")),
    responses((status = 200, description = "The passkey as it is now.", body = PasskeyBody), Body, Unauthorized, NotFound,
        Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn rename_passkey(
    passkeys: web::Data<Passkeys>,
    Guarded { actor, input: AtId { id, input: JsonBody(name) } }: Guarded<AtId<JsonBody<RenamePasskeyBody>>>,
) -> Result<HttpResponse, ApiError> {
    let passkey = passkeys.rename(&actor, PasskeyId::new(id), name).await?;
    Ok(HttpResponse::Ok().json(PasskeyBody::from(&passkey)))
}
