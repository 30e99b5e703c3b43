use crate::Timestamp;
use crate::users::{Role, SearchText, UserId};

/// A request for one page of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserQuery {
    /// Which users.
    pub filter: UserFilter,
    /// In which order.
    pub sort: UserSort,
    /// Only users after this one, in that order.
    pub after: Option<UserPosition>,
    /// How many users to pass over. The cost grows with it; `after` is cheap.
    pub offset: u64,
    /// How many users at most.
    pub limit: u64,
}

/// Which users to list: those that fit every given part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// The start of the email, of its domain, of the username, or of the full name beginning at any of its words: each
    /// begins with the key of its kind, and the [`search_key`](crate::users::search_key) of the name is the one to
    /// compare.
    pub q: Option<SearchText>,
    /// Only this role.
    pub role: Option<Role>,
    /// Only active, or only disabled users.
    pub is_active: Option<bool>,
}

/// An order of users. Ties are broken by id, in the same direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserSort {
    /// By what.
    pub field: UserSortField,
    /// Which way.
    pub direction: Direction,
}

/// What users can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSortField {
    /// When the account was made.
    CreatedAt,
    /// The email's key, byte by byte.
    Email,
    /// The last sign-in. Users who never signed in come first.
    LastLogin,
}

/// Which way an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// Where a user stands in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPosition {
    /// The value that is sorted by. Its variant fits the order's field.
    pub key: SortKey,
    /// Breaks ties.
    pub id: UserId,
}

/// The value that users are sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// For [`UserSortField::CreatedAt`].
    CreatedAt(Timestamp),
    /// For [`UserSortField::Email`]: the email's key.
    Email(String),
    /// For [`UserSortField::LastLogin`].
    LastLogin(Option<Timestamp>),
}
