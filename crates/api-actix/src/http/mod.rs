//! What every feature is spoken to by: how a request is read, refused and surrounded.

mod bearer;
mod body;
mod client_address;
mod cors;
mod device;
mod error;
mod guarded;
mod host;
mod paging;
mod path;
mod problem;
mod query;
mod rate_limit;
mod request_context;
mod request_id;
mod state;
mod time;

pub mod fields;
pub(crate) mod responses;

use std::future::Future;
use std::pin::Pin;

pub use body::JsonBody;
pub use error::ApiError;
pub use guarded::{Guarded, GuardedIfKnown};
pub use path::{AtId, PathId};
pub use problem::FieldError;
pub use query::QueryFields;
pub use rate_limit::Allowance;
pub use state::AppState;

pub(crate) use bearer::authenticate_if_any;
pub(crate) use body::{FormBody, FormOrJsonBody, OptionalJsonBody};
pub(crate) use cors::Cors;
pub(crate) use device::ClientDevice;
pub(crate) use error::chain;
pub(crate) use host::is_valid as has_valid_host;
pub(crate) use paging::{DEFAULT_PAGE_SIZE, PageSize, UpTo};
pub(crate) use path::PathSession;
pub(crate) use problem::Problem;
pub(crate) use rate_limit::{ClientKey, Limited, RateLimits, limit};
pub(crate) use request_context::wrap as surround;
pub(crate) use state::state;
pub(crate) use time::Time;

/// The future of an extractor.
pub(crate) type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;
