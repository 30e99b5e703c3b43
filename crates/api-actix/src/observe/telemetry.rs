//! Logs and traces.

use std::io::{self, IsTerminal};

use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, registry};

use crate::config::{LogFormat, LogSettings, TraceSettings};
use crate::observe::json_records::JsonRecords;
use crate::observe::log_queue::{FlushAtEnd, LOG_QUEUE, ToQueue};
use crate::observe::traces::{self, Traces};

/// What is not logged, whatever the configuration says.
const QUIET: [&str; 4] = [
    // It quotes parts of the database's URL.
    "sqlx_postgres::options=off",
    // They log errors about what a client sent.
    "actix_http::h1::dispatcher=off",
    "webauthn_rs_core=off",
    traces::NOT_LOGGED,
];

/// Where log records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStream {
    /// The standard output, for a server: its logs are what it has to say. Records that nobody reads in time are
    /// dropped.
    Stdout,
    /// The standard error stream, for a command, which prints its result to the standard output.
    Stderr,
}

/// Writes logs to this stream, and sends traces if so configured, from here on. Call it once.
pub fn init(stream: LogStream, log: &LogSettings, traces: Option<&TraceSettings>) -> Telemetry {
    let traces = Traces::start(traces);
    // The configuration has checked the directives.
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter =
        QUIET.into_iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive);
    let (writer, is_terminal) = match stream {
        LogStream::Stdout => (to_stdout(), io::stdout().is_terminal()),
        LogStream::Stderr => (BoxMakeWriter::new(io::stderr), io::stderr().is_terminal()),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match log.format {
        LogFormat::Pretty => lines.with_target(false).with_ansi(is_terminal).boxed(),
        LogFormat::Json => lines.json().event_format(JsonRecords::default()).boxed(),
    };
    let result = registry().with(lines.with_filter(filter)).with(traces.layer()).try_init();
    drop(result);
    // A panic is a fault of ours: it is logged like the rest, on one line, and the request gets a 500.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
    Telemetry { traces, _logs: FlushAtEnd }
}

/// Without a thread that writes, requests have to wait for whoever reads.
fn to_stdout() -> BoxMakeWriter {
    match LOG_QUEUE.start() {
        Ok(()) => BoxMakeWriter::new(|| ToQueue(&LOG_QUEUE)),
        Err(_) => BoxMakeWriter::new(io::stdout),
    }
}

/// What has to be stopped at the end.
#[must_use = "traces and log records are lost that are not sent at the end"]
pub struct Telemetry {
    traces: Traces,
    _logs: FlushAtEnd,
}

impl Telemetry {
    /// Sends the traces that are left, and writes the log records, each for a moment.
    pub fn stop(self) {
        self.traces.stop();
    }
}
