use std::ops::RangeInclusive;

use actix_web::{HttpResponse, web};
use application::{Application, ListUsers, Paging};
use domain::ValidationError;
use domain::users::{Direction, Role, SearchText, UserFilter, UserSort, UserSortField};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{RoleBody, UserBody};
use crate::http::responses::{Forbidden, Invalid, Unauthorized, Unavailable};
use crate::http::{ApiError, Fields, FromFields, Guarded, Query, cursor, page_size, parse_number};

/// Pages by number; behind the last, a cursor goes on.
const PAGES: RangeInclusive<u64> = 1..=10_000;

/// Which users, in which order, and which page: either `limit` and `cursor`, or `page` and `size`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters in the OpenAPI document; ListQuery is what the code uses")]
pub(crate) struct ListUsersParams {
    /// Most users on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before, in the same order and under the same filters.
    cursor: Option<String>,
    /// `created_at`, `email` or `last_login`; with `-` in front, the largest first. Who never signed in comes before
    /// everybody who did, and with `-last_login` behind them.
    #[param(default = "created_at", pattern = "^-?(created_at|email|last_login)$")]
    sort: Option<String>,
    /// The start of the email, of the username, or of a word of the name and what follows it, in any case. No character
    /// stands for others.
    #[param(min_length = 1, max_length = 100)]
    q: Option<String>,
    #[param(value_type = Option<RoleBody>)]
    role: Option<String>,
    is_active: Option<bool>,
    /// Whether to count all users that fit.
    #[param(default = false)]
    count: Option<bool>,
    /// The page's number, instead of a cursor. One behind the last page is empty.
    #[param(minimum = 1, maximum = 10_000)]
    page: Option<u64>,
    /// Most users on the page, with `page`.
    #[param(minimum = 1, maximum = 100, default = 20)]
    size: Option<u64>,
}

pub(crate) struct ListQuery(ListUsers);

impl FromFields for ListQuery {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let sort = fields.optional("sort", parse_sort).unwrap_or(OLDEST_FIRST);
        let q = fields.optional("q", SearchText::parse);
        let role = fields.optional("role", Role::parse);
        let is_active = fields.optional("is_active", parse_bool);
        let paging = if fields.has("page") || fields.has("size") { by_number(fields) } else { by_cursor(fields) };
        Some(Self(ListUsers { filter: UserFilter { q, role, is_active }, sort, paging }))
    }
}

const OLDEST_FIRST: UserSort = UserSort { field: UserSortField::CreatedAt, direction: Direction::Ascending };

fn by_number(fields: &mut Fields) -> Paging {
    let page = fields.optional("page", |text| parse_number(text, PAGES)).unwrap_or(1);
    let size = page_size(fields, "size");
    for name in ["cursor", "limit"] {
        if fields.has(name) {
            fields.ignore(name);
            fields.note(name, "conflicting", "This must not be combined with 'page' and 'size'.");
        }
    }
    // Pages by number always count.
    fields.optional("count", parse_bool);
    Paging::Number { page, size }
}

fn by_cursor(fields: &mut Fields) -> Paging {
    let cursor = cursor(fields);
    let limit = page_size(fields, "limit");
    let count = fields.optional("count", parse_bool).unwrap_or(false);
    Paging::Cursor { cursor, limit, count }
}

fn parse_sort(text: &str) -> Result<UserSort, ValidationError> {
    let (name, direction) = match text.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (text, Direction::Ascending),
    };
    let field = match name {
        "created_at" => UserSortField::CreatedAt,
        "email" => UserSortField::Email,
        "last_login" => UserSortField::LastLogin,
        _ => {
            let message = "The order must be created_at, email or last_login, with '-' in front for the largest first.";
            return Err(ValidationError::new("unknown_sort", message));
        }
    };
    Ok(UserSort { field, direction })
}

fn parse_bool(text: &str) -> Result<bool, ValidationError> {
    text.parse().map_err(|_| ValidationError::new("wrong_type", "This must be true or false."))
}

/// A page of users.
#[derive(Serialize, ToSchema)]
#[schema(as = UserPage)]
pub(crate) struct UserPageBody {
    items: Vec<UserBody>,
    /// Where the next page starts; `null` on the last one, and for pages by number.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// How many users fit, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    total: Option<u64>,
    /// For pages by number, as are the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    page: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    size: Option<u64>,
    /// How many pages there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    pages: Option<u64>,
}

/// List users.
///
/// Lists users, for admins.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(ListUsersParams),
    responses((status = 200, description = "A page of users.", body = UserPageBody), Invalid, Unauthorized, Forbidden,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_users(
    application: web::Data<Application>,
    Guarded { actor, input: Query(ListQuery(list)) }: Guarded<Query<ListQuery>>,
) -> Result<HttpResponse, ApiError> {
    let (page, size) = match list.paging {
        Paging::Number { page, size } => (Some(page), Some(size)),
        Paging::Cursor { .. } => (None, None),
    };
    let found = application.users.list(&actor, list).await?;
    Ok(HttpResponse::Ok().json(UserPageBody {
        items: found.items.into_iter().map(Into::into).collect(),
        next_cursor: found.next_cursor.filter(|_| page.is_none()),
        total: found.total,
        page,
        size,
        pages: size.zip(found.total).map(|(size, total)| total.div_ceil(size)),
    }))
}
