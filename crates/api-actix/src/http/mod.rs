//! What every feature uses to speak HTTP: how a request is read, refused and surrounded.

mod allowance;
mod app_data;
mod bearer;
mod body;
mod client_address;
mod cors;
mod device;
mod draining;
mod error;
mod error_row;
mod feature;
mod forward_auth;
mod guarded;
mod host;
mod locale;
mod paging;
mod parts;
mod path;
mod problem;
mod query;
mod rate_limit;
mod read_only;
mod request_context;
mod request_id;
mod settings;
mod time;

pub mod fields;
pub(crate) mod responses;

use std::future::Future;
use std::pin::Pin;

pub use allowance::Allowance;
pub use body::JsonBody;
pub use error::{ApiError, Refusal};
pub use error_row::ErrorRow;
pub use guarded::{Guarded, GuardedIfKnown};
pub use path::{AtId, PathId};
pub use problem::FieldError;
pub use query::QueryFields;

pub(crate) use app_data::AppData;
pub(crate) use bearer::token as bearer_token;
pub(crate) use body::{FormBody, FormOrJsonBody, OptionalFormOrJsonBody, OptionalJsonBody};
pub(crate) use cors::Cors;
pub(crate) use device::{ClientAddress, ClientDevice, address};
pub(crate) use draining::Draining;
pub(crate) use error::chain;
#[cfg(test)]
pub(crate) use error::seen;
pub(crate) use error_row::ROWS;
pub(crate) use feature::{Feature, take_no_body_too};
pub(crate) use host::is_valid as has_valid_host;
pub(crate) use locale::{AcceptLanguage, ClientLocale, ClientLocales};
pub(crate) use paging::{AnyPage, PageBody};
pub(crate) use parts::part;
pub(crate) use path::PathSession;
pub(crate) use problem::{Extension, Problem};
pub(crate) use rate_limit::{ClientKey, Limited, RateLimits, limit, limit_in_handler, spend};
pub(crate) use read_only::ReadOnlyBody;
pub(crate) use request_context::wrap as surround;
pub(crate) use settings::{HttpSettings, TokenParties, path_of};
pub(crate) use time::Time;

/// The future of an extractor.
pub(crate) type Extracting<T, E = ApiError> = Pin<Box<dyn Future<Output = Result<T, E>>>>;
