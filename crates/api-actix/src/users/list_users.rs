use actix_web::{HttpResponse, web};
use application::users::ListUsers;
use application::users::Users;
use domain::ValidationError;
use domain::users::{Direction, Role, SearchText, UserFilter, UserSort, UserSortField};

use super::body::UserBody;
use crate::fields::{Optional, TextShape, TextValue};
use crate::http::responses::{Forbidden, Invalid, Unauthorized, Unavailable};
use crate::http::{AnyPage, ApiError, Guarded, PageBody, QueryFields};

const OLDEST_FIRST: UserSort = UserSort { field: UserSortField::CreatedAt, direction: Direction::Ascending };

crate::fields! {
    /// Which users, in which order, and which page.
    pub(crate) ListUsersQuery as "ListUsers" -> ListUsers {
        paging: AnyPage,
        /// `created_at`, `email` or `last_login`; with `-` in front, the largest first. Users who never signed in come
        /// first, and last with `-last_login`.
        sort: Optional<UserSort>,
        /// The start of the email, of the username, or of a word of the name and what follows it, in any case and with
        /// composed or decomposed accents; or the start of the email's domain, if it begins with `@` or has a dot.
        /// There are no wildcards.
        q: Optional<SearchText>,
        role: Optional<Role>,
        is_active: Optional<bool>,
    }
    build {
        let filter = UserFilter { q, role, is_active };
        ListUsers { filter, sort: sort.unwrap_or(OLDEST_FIRST), paging }
    }
}

impl TextValue for UserSort {
    const SHAPE: TextShape = TextShape::ANY.pattern("^-?(created_at|email|last_login)$").default("created_at");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        let (name, direction) = match text.strip_prefix('-') {
            Some(name) => (name, Direction::Descending),
            None => (text, Direction::Ascending),
        };
        let field = match name {
            "created_at" => UserSortField::CreatedAt,
            "email" => UserSortField::Email,
            "last_login" => UserSortField::LastLogin,
            _ => {
                let message =
                    "The order must be created_at, email or last_login, with '-' in front for the largest first.";
                return Err(ValidationError::new("unknown_sort", message));
            }
        };
        Ok(Self { field, direction })
    }
}

pub(crate) type UserPageBody = PageBody<UserBody>;

/// List users.
///
/// Lists users, for admins.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(ListUsersQuery),
    responses((status = 200, description = "A page of users.", body = UserPageBody), Invalid, Unauthorized, Forbidden,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_users(
    users: web::Data<Users>,
    Guarded { actor, input: QueryFields(list) }: Guarded<QueryFields<ListUsersQuery>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(UserPageBody::from(users.list(&actor, list).await?)))
}
