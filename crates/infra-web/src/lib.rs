//! What Hexauth asks of other services over HTTP, behind the ports of `domain`.
//!
//! - [`RangeApi`]: asks for breached passwords by a part of their hash.
//! - [`WebProviders`]: asks identity providers who somebody is, by OpenID Connect, and GitHub by OAuth.
//!
//! Whatever is asked, a request has one limit for all of its time and one for the size of the response. Redirects are
//! not followed, and settings of the environment about proxies are not read: a request goes where the operator said.

mod fetch;
mod providers;
mod range_api;

pub use providers::{InvalidProvider, ProviderKind, ProviderSettings, TrustedDomains, WebProviders};
pub use range_api::{InvalidRangeUrl, RangeApi};
