use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use reqwest::{Client, StatusCode};
use tests::process::{Node, Workplace};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Takes what is exported, as a collector does.
pub(crate) struct Collector {
    pub(crate) endpoint: String,
    exports: Receiver<(String, Vec<u8>)>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, exports) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                take_export(stream.unwrap(), &sender);
            }
        });
        Self { endpoint, exports }
    }

    /// All spans, once the node has ended: it waited for the answers.
    pub(crate) fn spans(self) -> Vec<Span> {
        let mut spans = Vec::new();
        while let Ok((head, body)) = self.exports.try_recv() {
            assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
            assert!(head.to_ascii_lowercase().contains("\r\ncontent-type: application/x-protobuf\r\n"), "{head}");
            let export = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
            for resource in export.resource_spans {
                let attributes = resource.resource.unwrap().attributes;
                let service = attributes.iter().find(|attribute| attribute.key == "service.name").unwrap();
                assert_eq!(service.value.clone().unwrap().value, Some(Value::StringValue("hexauth".to_owned())));
                spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
            }
        }
        spans
    }
}

/// Passes an export on before it responds.
fn take_export(stream: TcpStream, sender: &Sender<(String, Vec<u8>)>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let length = head.to_ascii_lowercase();
    let length = length.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    // The test may have ended.
    let _ = sender.send((head, body));
    let _ = reader.into_inner().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

fn traced(endpoint: &str) -> Workplace {
    Workplace::default().with("APP_TRACES__OTLP_ENDPOINT", endpoint)
}

async fn ask(node: &Node, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    let client = Client::builder().no_proxy().build().unwrap();
    let mut request = client.get(format!("{}{path}", node.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status()
}

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(span: &Span, key: &str) -> Option<Value> {
    span.attributes.iter().find(|attribute| attribute.key == key)?.value.clone()?.value
}

fn text(span: &Span, key: &str) -> String {
    match attribute(span, key) {
        Some(Value::StringValue(text)) => text,
        other => panic!("{key} is {other:?} in {span:#?}"),
    }
}

/// The span of the request with this id.
fn span_of<'a>(spans: &'a [Span], id: &str) -> &'a Span {
    spans.iter().find(|span| text(span, "hexauth.request_id") == id).unwrap_or_else(|| panic!("no {id} in {spans:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_span_under_its_clients_with_nothing_secret_in_it() {
    let collector = Collector::start();
    let node = traced(&collector.endpoint).with("APP_LOG__LEVEL", "debug").serve().await;
    let parent = traceparent("01");
    let secret = [("x-request-id", "guarded"), ("authorization", "Bearer hunter2"), ("traceparent", parent.as_str())];
    assert_eq!(ask(&node, "/api/v1/users/some-id?token=hunter2", &secret).await, 401);
    assert_eq!(ask(&node, "/nowhere", &[("x-request-id", "lost")]).await, 404);
    let logs = node.stop().logs();
    let spans = collector.spans();

    let records = logs.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let of_request: Vec<serde_json::Value> =
        records.filter(|record| record["span"]["request_id"] == "guarded").collect();
    assert!(!of_request.is_empty());

    let span = span_of(&spans, "guarded");
    for record in &of_request {
        assert_eq!((&record["trace_id"], &record["span_id"]), (&TRACE.into(), &hex(&span.span_id).into()));
    }
    assert_eq!(hex(&span.trace_id), TRACE);
    assert_eq!(hex(&span.parent_span_id), PARENT);
    assert_eq!(span.name, "GET /api/v1/users/{id}");
    assert_eq!(span.kind, SpanKind::Server as i32);
    assert_eq!(text(span, "http.route"), "/api/v1/users/{id}");
    assert_eq!(text(span, "http.request.method"), "GET");
    assert_eq!(text(span, "url.path"), "/api/v1/users/some-id");
    assert_eq!(attribute(span, "http.response.status_code"), Some(Value::IntValue(401)));
    assert!(span.end_time_unix_nano > span.start_time_unix_nano);
    let lost = span_of(&spans, "lost");
    assert_eq!((lost.name.as_str(), lost.parent_span_id.len()), ("GET", 0));
    assert_ne!(hex(&lost.trace_id), TRACE);
    assert!(!format!("{spans:?}").contains("hunter2"));
    let served = logs.lines().find(|line| line.contains("guarded") && line.contains("\"served\"")).unwrap();
    assert!(served.contains(TRACE), "{served}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_that_is_malformed_is_ignored() {
    let collector = Collector::start();
    let node = traced(&collector.endpoint).serve().await;
    let good = traceparent("01");
    let parents = [
        String::new(),
        good.to_uppercase(),
        good.replace("00-4b", "ff-4b"),
        good.replace(TRACE, &"0".repeat(32)),
        good.replace(PARENT, &"0".repeat(16)),
        good.replace("4bf92f", "+bf92f"),
        good.replace(&TRACE[..2], ""),
        format!("{good}-and-more"),
        "x".repeat(4000),
    ];
    for (index, parent) in parents.iter().enumerate() {
        let id = format!("r{index}");
        assert_eq!(ask(&node, "/health/live", &[("x-request-id", &id), ("traceparent", parent)]).await, 200);
    }
    let two = [("x-request-id", "two"), ("traceparent", good.as_str()), ("traceparent", good.as_str())];
    assert_eq!(ask(&node, "/health/live", &two).await, 200);
    let state = "x=".to_owned() + &"y".repeat(4000);
    let long = [("x-request-id", "long"), ("traceparent", good.as_str()), ("tracestate", state.as_str())];
    assert_eq!(ask(&node, "/health/live", &long).await, 200);
    node.stop().success();
    let spans = collector.spans();
    for id in (0..parents.len()).map(|index| format!("r{index}")).chain(["two".to_owned()]) {
        let span = span_of(&spans, &id);
        assert!(span.parent_span_id.is_empty() && hex(&span.trace_id) != TRACE, "{span:#?}");
    }
    let long = span_of(&spans, "long");
    assert_eq!((hex(&long.trace_id).as_str(), long.trace_state.as_str()), (TRACE, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_can_turn_sampling_off_but_not_on() {
    let collector = Collector::start();
    let node = traced(&collector.endpoint).serve().await;
    let (off, on) = (traceparent("00"), traceparent("01"));
    ask(&node, "/health/live", &[("x-request-id", "off"), ("traceparent", &off)]).await;
    ask(&node, "/health/live", &[("x-request-id", "on"), ("traceparent", &on)]).await;
    node.stop().success();
    let spans = collector.spans();
    span_of(&spans, "on");
    assert!(spans.iter().all(|span| text(span, "hexauth.request_id") != "off"));

    let collector = Collector::start();
    let node = traced(&collector.endpoint).with("APP_TRACES__SAMPLE_RATIO", "0").serve().await;
    ask(&node, "/health/live", &[("x-request-id", "on"), ("traceparent", &on)]).await;
    node.stop().success();
    assert_eq!(collector.spans(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_choose_no_trace_where_they_are_not_to() {
    let collector = Collector::start();
    let node = traced(&collector.endpoint).with("APP_TRACES__ACCEPT_PARENT", "false").serve().await;
    ask(&node, "/health/live", &[("x-request-id", "stranger"), ("traceparent", &traceparent("01"))]).await;
    node.stop().success();
    let spans = collector.spans();
    assert_ne!(hex(&span_of(&spans, "stranger").trace_id), TRACE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_or_silent_delays_nobody_and_is_told_of_once() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // The silent one may not have been given up yet.
    for (address, told) in [(away, 1..=1), (silent.local_addr().unwrap(), 0..=1)] {
        // Batches as often as can be.
        let workplace = traced(&format!("http://{address}")).with("OTEL_BSP_SCHEDULE_DELAY", "20");
        let node = workplace.serve().await;
        for _ in 0..20 {
            let begun = Instant::now();
            assert_eq!(ask(&node, "/health/live", &[]).await, 200);
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let finished = node.stop();
        assert_eq!(finished.code(), Some(0));
        assert!(finished.waited < Duration::from_secs(10), "{:?}", finished.waited);
        let logs = finished.logs();
        let count = logs.matches("traces cannot be sent").count();
        assert!(told.contains(&count), "{logs}");
    }
}

#[test]
fn a_collector_is_reached_without_tls_and_the_ratio_has_bounds() {
    let workplace = traced("https://collector.example").with("APP_TRACES__SAMPLE_RATIO", "1.5");
    let refused = workplace.run(&["config", "check"]);
    assert_eq!(refused.code(), Some(1));
    for variable in ["APP_TRACES__OTLP_ENDPOINT", "APP_TRACES__SAMPLE_RATIO"] {
        assert!(refused.stderr.contains(variable), "{}", refused.stderr);
    }
}
