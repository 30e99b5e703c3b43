//! What Hexauth asks of other services over HTTP, behind the ports of `domain`.
//!
//! - [`RangeApi`]: asks for breached passwords by a part of their hash.
//!
//! Whatever is asked, a request has one limit for all of its time and one for the size of the response. Redirects are not
//! followed, and settings of the environment about proxies are not read: a request goes where the operator said.

mod fetch;
mod range_api;

pub use range_api::{InvalidRangeUrl, RangeApi};
