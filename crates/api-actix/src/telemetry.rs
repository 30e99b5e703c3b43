//! Logs.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// What is not logged, whatever the configuration says.
const QUIET: [&str; 2] = ["sqlx_postgres::options=off", "actix_http::h1::dispatcher=off"];

/// Writes logs to the standard error stream from here on. A second call changes nothing.
pub fn init(log: &Log) {
    // The configuration has checked the directives.
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    // The one quotes parts of the database's URL, the other shouts at what a client sent.
    let filter =
        QUIET.into_iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive);
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let colour = io::stderr().is_terminal();
    let result = match log.format {
        LogFormat::Pretty => subscriber.with_target(false).with_ansi(colour).finish().try_init(),
        LogFormat::Json => {
            subscriber.json().flatten_event(true).with_current_span(true).with_span_list(false).finish().try_init()
        }
    };
    drop(result);
    // A panic is a fault of ours: it is logged like the rest, on one line, and the request gets a 500.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
}
