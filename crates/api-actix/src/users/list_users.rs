use std::marker::PhantomData;

use actix_web::{HttpResponse, web};
use application::users::Users;
use application::users::{ListUsers, Paging};
use domain::ValidationError;
use domain::users::{Direction, Role, SearchText, UserFilter, UserSort, UserSortField};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::body::UserBody;
use crate::fields::{Description, Field, FieldValue, Fields, Optional, Presence, TextShape, TextValue};
use crate::http::responses::{Forbidden, Invalid, Unauthorized, Unavailable};
use crate::http::{ApiError, Cursor, DEFAULT_PAGE_SIZE, Guarded, PageSize, QueryFields, UpTo};

/// Most pages by number. After the last one, a cursor goes on.
const MAX_PAGE: u64 = 10_000;

const OLDEST_FIRST: UserSort = UserSort { field: UserSortField::CreatedAt, direction: Direction::Ascending };

crate::fields! {
    /// Which users, in which order, and which page: either `limit` and `cursor`, or `page` and `size`.
    pub(crate) ListUsersQuery as "ListUsers" -> ListUsers {
        /// Most users on the page. Not together with `page` or `size`.
        limit: ByCursor<PageSize>,
        /// `next_cursor` of the previous page, in the same order and under the same filters. Not together with
        /// `page` or `size`.
        cursor: ByCursor<Cursor>,
        /// `created_at`, `email` or `last_login`; with `-` in front, the largest first. Users who never signed in come
        /// first, and last with `-last_login`.
        sort: Optional<UserSort>,
        /// The start of the email, of the username, or of a word of the name and what follows it, in any case. There
        /// are no wildcards.
        q: Optional<SearchText>,
        role: Optional<Role>,
        is_active: Optional<bool>,
        /// Whether to count all users that fit.
        count: Optional<Count>,
        /// The page's number. Not together with `limit` or `cursor`. A page after the last one is empty.
        page: Optional<UpTo<MAX_PAGE>>,
        /// Most users on the page. Not together with `limit` or `cursor`.
        size: Optional<PageSize>,
    }
    build {
        let paging = match (page, size) {
            (None, None) => Paging::Cursor {
                cursor,
                limit: limit.unwrap_or(DEFAULT_PAGE_SIZE),
                count: count.unwrap_or(false),
            },
            // Pages by number always count.
            _ => Paging::Number { page: page.unwrap_or(1), size: size.unwrap_or(DEFAULT_PAGE_SIZE) },
        };
        let filter = UserFilter { q, role, is_active };
        ListUsers { filter, sort: sort.unwrap_or(OLDEST_FIRST), paging }
    }
}

/// A parameter that does not go with pages by number. It stands before theirs in the list.
struct ByCursor<T>(PhantomData<T>);

impl<T: FieldValue> Presence for ByCursor<T> {
    type Value = Option<T::Value>;

    fn take(fields: &mut Fields<'_>, name: &str) -> Option<Self::Value> {
        let is_by_number = fields.has("page") || fields.has("size");
        if is_by_number && fields.take(name).is_some() {
            fields.note(name, "conflicting", "This must not be combined with 'page' and 'size'.");
            return None;
        }
        Optional::<T>::take(fields, name)
    }

    fn describe(description: &mut Description, name: &str, doc: &[&str]) {
        Optional::<T>::describe(description, name, doc);
    }
}

/// `bool`, described with its default.
enum Count {}

impl FieldValue for Count {
    type Value = bool;

    fn read(field: Field<'_>) -> Option<bool> {
        bool::read(field)
    }

    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Boolean).default(Some(false.into())).into()
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

/// A page of users.
#[derive(Serialize, ToSchema)]
#[schema(as = UserPage)]
pub(crate) struct UserPageBody {
    items: Vec<UserBody>,
    /// Where the next page starts; `null` on the last one, and for pages by number.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// How many users fit, if it was asked for.
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
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(ListUsersQuery),
    responses((status = 200, description = "A page of users.", body = UserPageBody), Invalid, Unauthorized, Forbidden,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_users(
    users: web::Data<Users>,
    Guarded { actor, input: QueryFields(list) }: Guarded<QueryFields<ListUsersQuery>>,
) -> Result<HttpResponse, ApiError> {
    let (page, size) = match list.paging {
        Paging::Number { page, size } => (Some(page), Some(size)),
        Paging::Cursor { .. } => (None, None),
    };
    let found = users.list(&actor, list).await?;
    Ok(HttpResponse::Ok().json(UserPageBody {
        items: found.items.into_iter().map(Into::into).collect(),
        next_cursor: found.next_cursor.filter(|_| page.is_none()),
        total: found.total,
        page,
        size,
        pages: size.zip(found.total).map(|(size, total)| total.div_ceil(size)),
    }))
}
