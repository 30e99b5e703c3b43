//! Log records as JSON objects with the members that collectors know.

use std::fmt;

use serde_json::{Map, Value};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The form of tracing-subscriber, and at the top of each record what some collectors look for nowhere else: `severity`
/// beside `level`, the `trace_id` and `span_id` of a traced request, and a `message` in any case.
pub(super) struct JsonRecords(Format<Json>);

impl Default for JsonRecords {
    fn default() -> Self {
        Self(Format::default().json().flatten_event(true).with_current_span(true).with_span_list(false))
    }
}

impl<S, N> FormatEvent<S, N> for JsonRecords
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut record = String::new();
        self.0.format_event(context, Writer::new(&mut record), event)?;
        // The first member is the time, which holds no comma.
        let (time, rest) = record.split_once(',').ok_or(fmt::Error)?;
        write!(writer, "{time},\"severity\":\"{}\"", severity(*event.metadata().level()))?;
        for (name, id) in trace_ids(context) {
            write!(writer, ",\"{name}\":{id}")?;
        }
        // Within a text, the quotes would be escaped.
        if !rest.contains("\"message\":") {
            write!(writer, ",\"message\":\"{}\"", event.metadata().target())?;
        }
        write!(writer, ",{rest}")
    }
}

/// By the names that Google Cloud Logging has, which others know, too.
fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

/// The ids that the span of a traced request has among its fields.
fn trace_ids<S, N>(context: &FmtContext<'_, S, N>) -> Vec<(&'static str, Value)>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    let Some(span) = context.lookup_current() else { return Vec::new() };
    let extensions = span.extensions();
    let fields = extensions.get::<FormattedFields<N>>().map(|fields| fields.fields.as_str());
    let traced = fields.filter(|fields| fields.contains("\"trace_id\""));
    let fields: Option<Map<String, Value>> = traced.and_then(|fields| serde_json::from_str(fields).ok());
    let id = |name| Some((name, fields.as_ref()?.get(name)?.clone()));
    ["trace_id", "span_id"].into_iter().filter_map(id).collect()
}
