use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use application::users::{CreateUser, Registered, Users};
use domain::users::{Email, Role};

use super::body::{ProfileBody, UserBody};
use super::values::ChosenPassword;
use crate::fields::{Flat, Optional, Required};
use crate::http::responses::{Body, Conflict, Forbidden, RateLimited, Unauthorized, Unavailable};
use crate::http::{AcceptLanguage, ApiError, ClientAddress, GuardedIfKnown, JsonBody};

crate::fields! {
    /// A new account.
    pub(crate) CreateUserBody as "CreateUser" -> CreateUser {
        email: Required<Email>,
        password: Required<ChosenPassword>,
        profile: Flat<ProfileBody>,
        /// `user` when not given; another for admins only.
        role: Optional<Role>,
        /// `true` when not given; `false` for admins only.
        is_active: Optional<bool>,
        /// Whether the address counts as proven. `false` when not given; `true` for admins only.
        email_verified: Optional<bool>,
    }
    example {"email": "ada@example.com", "password": "correct horse battery staple"}
}

/// Register.
///
/// Makes an account. Anyone may do so while registration is open; an admin's token adds the right to choose role and
/// activity, and to vouch for the email. Any other email is mailed a link and a code, where mail is sent. Whoever
/// registers and gives no `locale` gets that of `Accept-Language`. To make an admin, and to vouch for an email, an
/// admin needs a recent proof: otherwise 403 `step_up_required`.
///
/// Where registration takes the proof of the address, the response to anyone else is the same whether or not the
/// address has an account: a mail is on its way to its owner, and the account is made once they prove that they got it.
/// If somebody takes the username before, it is made without one.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = CreateUserBody,
    responses(
        (status = 201, description = "The account was made.", body = UserBody,
            headers(("Location" = String, description = "Where the account is."))),
        (status = 202, description = "The account is made once the address is proven: a mail is on its way."),
        Body, Unauthorized, Forbidden, Conflict, RateLimited, Unavailable),
    security((), ("bearer" = []), ("password" = [])))]
pub(crate) async fn create_user(
    users: web::Data<Users>,
    ClientAddress(address): ClientAddress,
    AcceptLanguage(language): AcceptLanguage,
    GuardedIfKnown { actor, input: JsonBody(mut new) }: GuardedIfKnown<JsonBody<CreateUserBody>>,
) -> Result<HttpResponse, ApiError> {
    if actor.is_none() {
        // An admin's language is not that of the accounts that they make.
        new.profile.locale = new.profile.locale.or(language);
    }
    let user = match users.create(actor.as_ref(), new, address).await? {
        Registered::Created(user) => user,
        Registered::Pending => return Ok(HttpResponse::Accepted().finish()),
    };
    let location = format!("/api/v1/users/{}", user.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(UserBody::from(*user)))
}
