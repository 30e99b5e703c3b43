//! Log records as JSON objects with the members that collectors know.

use std::fmt;

use serde_json::{Map, Value};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
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
        let mut text = String::new();
        self.0.format_event(context, Writer::new(&mut text), event)?;
        let mut record: Map<String, Value> = serde_json::from_str(&text).map_err(|_| fmt::Error)?;
        record.insert("severity".to_owned(), severity(*event.metadata().level()).into());
        for name in ["trace_id", "span_id"] {
            if let Some(id) = record.get("span").and_then(|span| span.get(name)).cloned() {
                record.insert(name.to_owned(), id);
            }
        }
        record.entry("message").or_insert_with(|| event.metadata().target().into());
        writeln!(writer, "{}", Value::Object(record))
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The one line that is written.
    fn record(log: impl FnOnce()) -> Value {
        let written = Written::default();
        let writer = written.clone();
        let layer = tracing_subscriber::fmt::layer().json().event_format(JsonRecords::default());
        let layer = layer.with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let line = text.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'), "{line}");
        serde_json::from_str(line).unwrap()
    }

    #[test]
    fn a_record_without_a_message_has_its_target_as_one_whatever_its_span_says() {
        let spanned = record(|| {
            let _span = tracing::info_span!("request", message = "of the span").entered();
            tracing::warn!(target: "audit", event = "login.failed");
        });
        assert_eq!((&spanned["message"], &spanned["severity"]), (&"audit".into(), &"WARNING".into()));
        assert_eq!(spanned["span"]["message"], "of the span");
        assert_eq!(record(|| tracing::info!(target: "audit", "said"))["message"], "said");
    }

    #[test]
    fn the_ids_of_a_traced_request_are_at_the_top() {
        let traced = record(|| {
            let _span = tracing::info_span!("request", trace_id = "0af7", span_id = "b7ad").entered();
            tracing::info!("served");
        });
        assert_eq!((&traced["trace_id"], &traced["span_id"]), (&"0af7".into(), &"b7ad".into()));
        let plain = record(|| tracing::info_span!("request").in_scope(|| tracing::info!("served")));
        assert!(plain.get("trace_id").is_none() && plain.get("span_id").is_none(), "{plain}");
    }
}
