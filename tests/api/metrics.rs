use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use futures_util::future::join_all;
use reqwest::Method;
use reqwest::header::{ACCEPT, HOST};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{Answer, App, PASSWORD, send};

on_each_database!(what_people_do_is_counted, requests_are_counted_by_their_route);

const ON: (&str, &str) = ("APP_METRICS__ADDR", "127.0.0.1:0");
const EMAIL: &str = "ada@example.com";
/// As Prometheus asks.
const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// On the database of `app`, a server with metrics.
async fn with_metrics(app: &App) -> App {
    app.another_node(&[ON]).await
}

async fn scrape(app: &App, accept: &str) -> Answer {
    send(app.client.get(app.metrics_url.as_ref().unwrap()).header(ACCEPT, accept)).await
}

async fn metrics(app: &App) -> Metrics {
    Metrics::parse(&scrape(app, PROMETHEUS).await.text)
}

/// What was served: for each series its value, and for each family its type.
struct Metrics {
    series: BTreeMap<String, f64>,
    types: BTreeMap<String, String>,
}

impl Metrics {
    /// Reads the OpenMetrics text format, and panics at anything that is wrong.
    fn parse(text: &str) -> Self {
        let mut metrics = Self { series: BTreeMap::new(), types: BTreeMap::new() };
        let body = text.strip_suffix("# EOF\n").expect("it ends with a mark");
        let mut family = String::new();
        for line in body.lines() {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            match words[..] {
                ["#", "HELP", name, help] => {
                    assert!(!help.is_empty());
                    family = name.to_owned();
                }
                ["#", "TYPE", name, kind] => {
                    assert_eq!(name, family, "{line}");
                    assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                    assert!(metrics.types.insert(family.clone(), kind.to_owned()).is_none(), "{name} is there twice");
                }
                ["#", "UNIT", name, unit] => assert!(name == family && name.ends_with(&format!("_{unit}")), "{line}"),
                _ => metrics.add(&family, line),
            }
        }
        metrics.check_histograms();
        metrics
    }

    fn add(&mut self, family: &str, line: &str) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').map_or((series, ""), |(name, labels)| (name, labels));
        let suffix = name.strip_prefix(family).unwrap_or_else(|| panic!("{line} is not of {family}"));
        let suffixes: &[&str] = match self.types[family].as_str() {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_count", "_sum"],
            _ => &[""],
        };
        assert!(suffixes.contains(&suffix), "{line}");
        assert!(labels.is_empty() || labels.ends_with("\"}"), "{line}");
        let value: f64 = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(self.series.insert(series.to_owned(), value).is_none(), "{series} is there twice");
    }

    /// Buckets grow, and the last one has all.
    fn check_histograms(&self) {
        for (family, _) in self.types.iter().filter(|(_, kind)| *kind == "histogram") {
            let mut rows: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
            for (series, count) in
                self.series.iter().filter(|(series, _)| series.starts_with(&format!("{family}_bucket")))
            {
                let (labels, bound) = series.split_once("le=\"").unwrap();
                let (bound, rest) = bound.split_once('"').unwrap();
                let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
                rows.entry(format!("{labels}{rest}")).or_default().push((bound, *count));
            }
            assert!(!rows.is_empty(), "{family} has no buckets");
            for (labels, mut row) in rows {
                row.sort_by(|a, b| a.0.total_cmp(&b.0));
                assert!(row.is_sorted_by_key(|(_, count)| *count), "{family} {labels} {row:?}");
                assert_eq!(row.last().unwrap().0, f64::INFINITY, "{family} {labels}");
            }
        }
    }

    /// One series, written as it is served. Panics where there is none.
    fn get(&self, series: &str) -> f64 {
        *self.series.get(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.series.keys()))
    }

    fn names(&self) -> BTreeSet<&str> {
        self.series.keys().map(|series| series.split('{').next().unwrap()).collect()
    }
}

async fn what_people_do_is_counted(app: App) {
    let app = with_metrics(&app).await;
    let before = metrics(&app).await;
    assert_eq!(before.get("hexauth_sign_ins_total{outcome=\"ok\"}"), 0.0);

    let first = app.sign_up(EMAIL).await;
    app.login(EMAIL, "wrong-donkey-wrong-battery").await.problem(401, "invalid_credentials");
    app.login("nobody@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    let second = app.refresh(&first.refresh).await.tokens();
    assert_eq!(app.refresh(&first.refresh).await.tokens().refresh, second.refresh);
    app.refresh(&second.refresh).await.tokens();
    app.refresh(&first.refresh).await.problem(401, "invalid_refresh_token");
    let other = app.sign_in(EMAIL).await;
    let logout = app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&other.access);
    assert_eq!(send(logout).await.status, 204);
    let admin = app.admin("root@example.com").await;
    let (id, own) = (app.register("bob@example.com").await.json()["id"].clone(), json!({"is_active": false}));
    let path = format!("/api/v1/users/{}", id.as_str().unwrap());
    assert_eq!(app.send_as(&admin.access, Method::PATCH, &path, own).await.status, 200);
    app.login("bob@example.com", PASSWORD).await.problem(403, "account_disabled");

    let after = metrics(&app).await;
    let expected = [
        ("hexauth_sign_ins_total{outcome=\"ok\"}", 3.0),
        ("hexauth_sign_ins_total{outcome=\"wrong_password\"}", 2.0),
        ("hexauth_sign_ins_total{outcome=\"disabled\"}", 1.0),
        ("hexauth_sign_ins_total{outcome=\"overloaded\"}", 0.0),
        ("hexauth_sign_ins_total{outcome=\"failed\"}", 0.0),
        ("hexauth_session_refreshes_total{outcome=\"rotated\"}", 2.0),
        ("hexauth_session_refreshes_total{outcome=\"repeated\"}", 1.0),
        ("hexauth_session_refreshes_total{outcome=\"reused\"}", 1.0),
        ("hexauth_session_revocations_total{reason=\"reuse\"}", 1.0),
        ("hexauth_session_revocations_total{reason=\"logout\"}", 1.0),
        ("hexauth_session_revocations_total{reason=\"disabled\"}", 1.0),
        ("hexauth_session_revocations_total{reason=\"admin\"}", 0.0),
        // Two registrations, an admin, and six sign-ins. None of them is old enough to be hashed again.
        ("hexauth_hash_wait_seconds_count", 9.0),
        ("hexauth_hash_queue_length", 0.0),
        ("hexauth_hash_queue_capacity", 1000.0),
    ];
    for (series, value) in expected {
        assert_eq!(after.get(series), value, "{series}");
    }
    let pool = if app.database_url.starts_with("sqlite") { "readers" } else { "all" };
    assert_eq!(after.get(&format!("hexauth_database_connections_max{{pool=\"{pool}\"}}")), 10.0);
    let open =
        ["in_use", "idle"].map(|state| after.get(&format!("hexauth_database_connections_{state}{{pool=\"{pool}\"}}")));
    assert!((1.0..=10.0).contains(&(open[0] + open[1])), "{open:?}");
    assert!(after.get("hexauth_revocations") >= 1.0);
    assert_eq!(after.get("hexauth_log_records_dropped_total"), 0.0);
    assert!(after.get("hexauth_revocations_lag_seconds") < 5.0);
    assert_eq!(after.get(&format!("hexauth_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
    assert!(after.get("process_start_time_seconds") > 1.7e9);
    assert!(after.get("process_resident_memory_bytes") > 1e6);
}

async fn requests_are_counted_by_their_route(app: App) {
    let app = with_metrics(&app).await;
    let admin = app.admin("root@example.com").await;
    let id = app.id(&admin).await;
    for path in [format!("/api/v1/users/{id}"), format!("/api/v1/users/{id}/"), "/api/v1/users/none-such".to_owned()] {
        app.get(&path, &admin.access).await;
    }
    app.get("/health/live", "").await;
    app.get("/health/live/", "").await;
    send(app.request(Method::HEAD, "/health/live")).await;
    send(app.request(Method::PATCH, "/api/v1/auth/login")).await;
    app.get("/docs/swagger-ui.css", "").await;
    let metrics = metrics(&app).await;
    let expected = [
        ("GET", "/api/v1/users/{id}", 200, 2.0),
        ("GET", "/api/v1/users/{id}", 404, 1.0),
        ("GET", "/health/live", 200, 2.0),
        ("HEAD", "/health/live", 200, 1.0),
        ("PATCH", "/api/v1/auth/login", 405, 1.0),
        ("GET", "/docs/{file:.*}", 200, 1.0),
        ("POST", "/api/v1/auth/login", 200, 1.0),
    ];
    for (method, route, status, count) in expected {
        let labels = format!("{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}");
        assert_eq!(metrics.get(&format!("hexauth_http_requests_total{labels}")), count, "{labels}");
        assert_eq!(metrics.get(&format!("hexauth_http_request_duration_seconds_count{labels}")), count, "{labels}");
        assert!(metrics.get(&format!("hexauth_http_request_duration_seconds_sum{labels}")) > 0.0, "{labels}");
    }
    assert_eq!(metrics.get("hexauth_http_requests_in_flight"), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_client_can_make_up_series() {
    let app = App::sqlite_with(&[ON]).await;
    let meddle = async |name: String| {
        let method = Method::from_bytes(format!("M{name}").as_bytes()).unwrap();
        let long = "x".repeat(1000);
        let paths = [
            format!("/{name}"),
            format!("/api/v1/{name}/{long}"),
            format!("/api/v1/users/{name}/{name}"),
            format!("/%{name}"),
        ];
        for path in paths {
            send(app.request(Method::GET, &path)).await;
            send(app.request(method.clone(), &path)).await;
        }
        send(app.request(method, "/api/v1/auth/login")).await;
        send(app.request(Method::GET, &format!("/api/v1/users/{name}?{name}={name}"))).await;
    };
    meddle("0".to_owned()).await;
    let before = metrics(&app).await;
    for number in 1..50 {
        meddle(number.to_string()).await;
    }
    let after = metrics(&app).await;
    assert!(before.series.keys().eq(after.series.keys()));
    let unmatched = "hexauth_http_requests_total{method=\"_OTHER\",route=\"unmatched\",status=\"404\"}";
    assert_eq!(after.get(unmatched), 200.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_of_the_hasher_shows() {
    let slow =
        [ON, ("APP_PASSWORD__THREADS", "1"), ("APP_PASSWORD__QUEUE", "1"), ("APP_PASSWORD__MEMORY_KIB", "19456")];
    let app = App::sqlite_with(&slow).await;
    let answers = join_all((0..20).map(|_| app.login(EMAIL, PASSWORD))).await;
    let refused = answers.iter().filter(|answer| answer.status == 503).count() as f64;
    assert!(refused > 0.0);
    let metrics = metrics(&app).await;
    assert_eq!(metrics.get("hexauth_hash_rejected_total"), refused);
    assert_eq!(metrics.get("hexauth_sign_ins_total{outcome=\"overloaded\"}"), refused);
    assert_eq!(metrics.get("hexauth_hash_wait_seconds_count"), 20.0 - refused);
    assert!(metrics.get("hexauth_hash_wait_seconds_sum") > 0.0);
    assert_eq!(metrics.get("hexauth_hash_threads"), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_a_listener_of_their_own_and_come_in_two_formats() {
    let app = App::sqlite_with(&[ON]).await;
    app.get("/metrics", "").await.problem(404, "not_found");
    let own = app.metrics_url.as_ref().unwrap();
    let elsewhere = send(app.client.get(own.replace("/metrics", "/health/live"))).await;
    assert_eq!(elsewhere.status, 404);

    let modern = scrape(&app, PROMETHEUS).await;
    assert_eq!(modern.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let plain = scrape(&app, "*/*").await;
    assert_eq!(plain.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(plain.text.contains("\n# TYPE hexauth_sign_ins_total counter\nhexauth_sign_ins_total{"), "{}", plain.text);
    assert!(plain.text.contains("\n# HELP hexauth_sign_ins_total Sign-ins"), "{}", plain.text);
    assert!(!plain.text.contains("# UNIT") && !plain.text.contains("# EOF"));
    let names = |text: &str| {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        samples.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect::<BTreeSet<_>>()
    };
    // The first scrape is not a request to the API, so both have the same series.
    assert_eq!(names(&plain.text), names(&modern.text));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_one_is_refused_there_too() {
    let app = App::sqlite_with(&[ON]).await;
    let own = app.metrics_url.as_ref().unwrap();
    for path in ["/metrics", "/elsewhere"] {
        for host in ["", "a b", "a/b", "user@a", "a:b", "[::1"] {
            let request = app.client.get(own.replace("/metrics", path)).header(HOST, host);
            let answer = send(request).await;
            assert!(answer.status == 400 && answer.text.contains("\"invalid_host\""), "{host}: {answer:?}");
        }
    }
    let served = send(app.client.get(own).header(HOST, "metrics.example:9000")).await;
    assert_eq!(served.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_there_are_no_metrics() {
    let app = App::sqlite_with(&[]).await;
    assert_eq!(app.metrics_url, None);
    app.get("/metrics", "").await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_and_the_docs_name_the_metrics_that_there_are() {
    let app = App::sqlite_with(&[ON]).await;
    app.sign_up(EMAIL).await;
    let served = metrics(&app).await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let dashboard: Value =
        serde_json::from_str(&fs::read_to_string(root.join("docker/grafana-dashboard.json")).unwrap()).unwrap();
    let mut expressions = String::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            writeln!(expressions, "{}", target["expr"].as_str().unwrap()).unwrap();
        }
    }
    let mentioned = names_in(&expressions);
    assert!(mentioned.len() > 10, "{mentioned:?}");
    for name in mentioned {
        assert!(served.names().contains(name), "the dashboard has {name}, which is not served");
    }
    let docs = fs::read_to_string(root.join("docs/operations/monitor.md")).unwrap();
    for family in served.types.keys() {
        assert!(docs.contains(&format!("`{family}")), "docs/operations/monitor.md lacks {family}");
    }
}

/// Whatever looks like the name of a metric.
fn names_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("hexauth_") || word.starts_with("process_")).collect()
}
