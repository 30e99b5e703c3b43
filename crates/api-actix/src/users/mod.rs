//! Accounts: one's own, and everybody's for admins.

mod body;
mod change_password;
mod create_user;
mod delete_me;
mod delete_user;
mod get_me;
mod get_user;
mod invite_user;
pub(crate) mod list_users;
mod replace_me;
mod replace_user;
mod set_password;
mod update_me;
mod update_user;
mod values;

use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig, delete, get, patch, post, put, resource};
use utoipa::{Modify, OpenApi};

#[cfg(test)]
use crate::http::fields::checked::checked;
use crate::http::{ErrorRow, Feature, Limited, limit, take_no_body_too};

pub(crate) use body::{RoleBody, UserBody};
pub(crate) use values::{ChosenPassword, NEW_PASSWORD, new_password};

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| {
        data.with(Data::new(application.users.clone())).with(Data::new(application.passwords.clone()))
    },
    routes,
    openapi: Document::openapi,
    errors: ERRORS,
    #[cfg(test)]
    bodies: || {
        vec![
            checked::<change_password::ChangePasswordBody>(),
            checked::<create_user::CreateUserBody>(),
            checked::<delete_me::DeleteMeBody>(),
            checked::<delete_user::DeleteUserBody>(),
            checked::<invite_user::InviteUserBody>(),
            checked::<replace_me::ReplaceMeBody>(),
            checked::<replace_user::ReplaceUserBody>(),
            checked::<set_password::SetPasswordBody>(),
            checked::<update_me::UpdateMeBody>(),
            checked::<update_user::UpdateUserBody>(),
        ]
    },
};

fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/users")
                .route(get().to(list_users::list_users))
                .route(limit(Limited::Registration, post().to(create_user::create_user))),
        )
        .service(
            resource("/users/me")
                .route(get().to(get_me::get_me))
                .route(patch().to(update_me::update_me))
                .route(put().to(replace_me::replace_me))
                .route(delete().to(delete_me::delete_me)),
        )
        .service(
            resource("/users/invitations").route(limit(Limited::Registration, post().to(invite_user::invite_user))),
        )
        .service(resource("/users/me/password").route(put().to(change_password::change_password)))
        .service(
            resource("/users/{id}")
                .route(get().to(get_user::get_user))
                .route(patch().to(update_user::update_user))
                .route(put().to(replace_user::replace_user))
                .route(delete().to(delete_user::delete_user)),
        )
        .service(resource("/users/{id}/password").route(put().to(set_password::set_password)));
}

#[derive(OpenApi)]
#[openapi(
    paths(
        create_user::create_user,
        invite_user::invite_user,
        list_users::list_users,
        get_me::get_me,
        update_me::update_me,
        replace_me::replace_me,
        delete_me::delete_me,
        change_password::change_password,
        get_user::get_user,
        update_user::update_user,
        replace_user::replace_user,
        delete_user::delete_user,
        set_password::set_password,
    ),
    components(schemas(RoleBody)),
    tags((name = "users", description = "Accounts: one's own, and everybody's for admins.")),
    modifiers(&DeleteTakesNoBodyToo)
)]
struct Document;

const ERRORS: &[ErrorRow] = &[
    ErrorRow::new(StatusCode::FORBIDDEN, "registration_closed", "Registration is closed: only admins create users."),
    ErrorRow::new(StatusCode::FORBIDDEN, "wrong_current_password", "The current password is wrong."),
    ErrorRow::new(
        StatusCode::CONFLICT,
        "use_email_change",
        "Your email is changed by PUT /api/v1/users/me/email, and confirmed at the new address.",
    ),
    ErrorRow::new(StatusCode::CONFLICT, "duplicate", "This value is taken."),
    ErrorRow::new(StatusCode::CONFLICT, "last_admin", "The last active admin cannot be demoted, disabled or deleted."),
];

/// Only the admin's own account needs one.
struct DeleteTakesNoBodyToo;

impl Modify for DeleteTakesNoBodyToo {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let user = document.paths.paths.get_mut("/api/v1/users/{id}");
        take_no_body_too(user.and_then(|user| user.delete.as_mut()));
    }
}
