use actix_web::{HttpResponse, web};
use application::users::{Invite, Users};
use domain::users::{Email, Role};

use crate::fields::{Optional, Required};
use crate::http::responses::{Body, Forbidden, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, ClientLocale, Guarded, JsonBody};

crate::fields! {
    /// Somebody to invite.
    pub(crate) InviteUserBody as "InviteUser" -> (Email, Role) {
        email: Required<Email>,
        /// `user` when not given. That of an account that is there stays.
        role: Optional<Role>,
    }
    example {"email": "grace@example.com", "role": "user"}
    build (email, role.unwrap_or(Role::User))
}

/// Invite somebody.
///
/// Makes an account without a password, for admins, also where registration is closed, and mails its owner a code, and
/// a link where there is one, by which they choose a password. The response is the same whether or not the address has
/// an account: whoever has not chosen a password yet gets another mail, and anybody else a notice. To invite an admin
/// needs a recent proof, also one who has an account already, whatever role the invitation names: otherwise 403
/// `step_up_required`.
#[utoipa::path(post, path = "/api/v1/users/invitations", tag = "users", request_body = InviteUserBody,
    responses((status = 202, description = "A mail is on its way."), Body, Unauthorized, Forbidden, RateLimited, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn invite_user(
    users: web::Data<Users>,
    ClientLocale(locale): ClientLocale,
    Guarded { actor, input: JsonBody((email, role)) }: Guarded<JsonBody<InviteUserBody>>,
) -> Result<HttpResponse, ApiError> {
    users.invite(&actor, Invite { email, role, locale }).await?;
    Ok(HttpResponse::Accepted().finish())
}
