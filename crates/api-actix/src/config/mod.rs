//! The configuration: built-in defaults, then an optional TOML file, then the environment. Unknown keys are refused,
//! and all faults are listed at once.
//!
//! A new setting is a row of the table in `table.rs`, a field in `types.rs`, and the place in `read.rs` that reads it.

mod database_url;
mod env_file;
mod environment;
mod load;
mod mail_links;
mod read;
mod read_providers;
mod reader;
mod setting;
mod table;
mod types;
mod values;

#[cfg(test)]
mod documentation;
#[cfg(test)]
mod tests;

pub use database_url::DatabaseUrl;
pub use environment::Environment;
pub(crate) use environment::without_byte_order_mark;
pub use load::ConfigError;
pub(crate) use mail_links::{MAIL_LINKS, MailLink};
pub use types::{
    Bootstrap, BreachedList, Checks, Config, CorsSettings, DatabaseSettings, ForwardedHeader, HashingSettings,
    LogFormat, LogSettings, MailSettings, MailTransport, Mode, ProviderKind, ProviderSettings, Proxies,
    RateLimitSettings, ServerSettings, SmtpSecurity, SmtpSettings, TraceSettings, WebAuthnSettings,
};
