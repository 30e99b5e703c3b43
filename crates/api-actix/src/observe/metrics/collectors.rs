//! What is read when somebody asks.

use std::fmt::Error;
use std::fs;
use std::time::Duration;

use application::Application;
use domain::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::observe::log_queue::LOG_QUEUE;
use crate::wiring::{Connections, HashGauge, PoolUsage};

/// Collectors have to implement `Debug`, and hold parts that do not.
macro_rules! nameable {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )+};
}

nameable!(ProcessMetrics, NodeMetrics, ApplicationMetrics, OutboxMetrics, HashingMetrics, DatabaseMetrics);

/// A metric with one label, whose values are given.
fn family<M: EncodeMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &'static str,
    metrics: impl IntoIterator<Item = (&'static str, M)>,
) -> Result<(), Error> {
    let mut metrics = metrics.into_iter().peekable();
    let Some((_, first)) = metrics.peek() else { return Ok(()) };
    let mut descriptor = encoder.encode_descriptor(name, help, None, first.metric_type())?;
    metrics.try_for_each(|(value, metric)| metric.encode(descriptor.encode_family(&[(label, value)])?))
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: usize) -> Result<(), Error> {
    let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn seconds(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: f64) -> Result<(), Error> {
    ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?)
}

/// The process, by the names that all Prometheus clients give it.
pub(super) struct ProcessMetrics {
    pub(super) started_at: Timestamp,
}

impl Collector for ProcessMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        // Microseconds since 1970 have 51 bits.
        let started_at = self.started_at.timestamp_micros() as f64 / 1e6;
        seconds(&mut encoder, "process_start_time", "When the server started, since 1970.", started_at)?;
        let Some(bytes) = resident_memory() else { return Ok(()) };
        let gauge = ConstGauge::new(bytes);
        let help = "Memory that is not swapped out.";
        let unit = Some(&Unit::Bytes);
        gauge.encode(encoder.encode_descriptor("process_resident_memory", help, unit, MetricType::Gauge)?)
    }
}

/// In bytes. `None` where the system is not Linux.
fn resident_memory() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    Some(kib.trim().parse::<i64>().ok()? * 1024)
}

/// The version, whether the log is whole, and how well the node follows the others.
pub(super) struct NodeMetrics(pub(super) Application);

impl Collector for NodeMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let version = [(env!("CARGO_PKG_VERSION"), ConstGauge::new(1_i64))];
        family(&mut encoder, "build_info", "The version that runs.", "version", version)?;
        let dropped = ConstCounter::new(LOG_QUEUE.dropped());
        let help = "Log records that were dropped since nobody read them in time.";
        dropped.encode(encoder.encode_descriptor("log_records_dropped", help, None, MetricType::Counter)?)?;
        let status = self.0.sessions.feed_status();
        gauge(&mut encoder, "revocations", "Revocations that this node holds in memory.", status.size)?;
        let Some(age) = status.age else { return Ok(()) };
        let help = "How long ago this node read the revocations last. Over 5, it asks the database for each request.";
        seconds(&mut encoder, "revocations_lag", help, age.as_seconds_f64())
    }
}

/// What people did.
pub(super) struct ApplicationMetrics(pub(super) Application);

impl Collector for ApplicationMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let counts = self.0.node.counts();
        let sign_ins = counts.sign_ins.map(|(outcome, count)| (outcome.as_str(), ConstCounter::new(count)));
        family(&mut encoder, "sign_ins", "Sign-ins with a password.", "outcome", sign_ins)?;
        let help = "Accounts at which a wrong password came in within the last ten minutes, 10,000 at most.";
        gauge(&mut encoder, "guessed_accounts", help, self.0.node.guessed_accounts())?;
        let refreshes = counts.refreshes.map(|(outcome, count)| (outcome.as_str(), ConstCounter::new(count)));
        let help = "Genuine refresh tokens of live sessions that came in.";
        family(&mut encoder, "session_refreshes", help, "outcome", refreshes)?;
        let revocations = counts.revocations.map(|(reason, count)| (reason.as_str(), ConstCounter::new(count)));
        let help = "Times that sessions were revoked, one or all of a user's.";
        family(&mut encoder, "session_revocations", help, "reason", revocations)?;
        let unavailable = ConstCounter::new(self.0.passwords.screening.outages.count());
        let help = "Passwords that were taken without looking for them on the list of breached ones.";
        let name = "breached_passwords_unavailable";
        unavailable.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
    }
}

/// The mails that wait, as the node saw them last.
pub(super) struct OutboxMetrics(pub(super) Application);

impl Collector for OutboxMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let Some(status) = self.0.mail.status() else { return Ok(()) };
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        gauge(&mut encoder, "outbox_pending", "Mails that wait to be sent.", count(status.pending))?;
        gauge(&mut encoder, "outbox_dead", "Mails that were given up.", count(status.dead))?;
        let waits = self.0.mail.oldest_wait().map_or(0.0, |wait| wait.as_seconds_f64());
        let help = "How long the mail waits that waits longest. 0 where none waits.";
        seconds(&mut encoder, "outbox_oldest", help, waits)
    }
}

/// The pool of threads that hash passwords.
pub(super) struct HashingMetrics(pub(super) HashGauge);

impl Collector for HashingMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let load = (self.0)();
        gauge(&mut encoder, "hash_threads", "Threads that hash passwords.", load.threads)?;
        gauge(&mut encoder, "hash_threads_busy", "Threads that hash a password now.", load.busy)?;
        gauge(&mut encoder, "hash_queue_length", "Passwords that wait for a thread.", load.waiting)?;
        gauge(&mut encoder, "hash_queue_capacity", "Passwords that may wait for a thread.", load.capacity)?;
        let rejected = ConstCounter::new(load.rejected);
        let help = "Passwords that were refused since too many were waiting.";
        rejected.encode(encoder.encode_descriptor("hash_rejected", help, None, MetricType::Counter)?)?;
        let buckets: Vec<(f64, u64)> = load.waits.iter().map(|(bound, count)| (upper_bound(*bound), *count)).collect();
        let count = load.waits.iter().map(|(_, count)| count).sum();
        let help = "How long passwords waited for a thread.";
        let unit = Some(&Unit::Seconds);
        let mut histogram = encoder.encode_descriptor("hash_wait", help, unit, MetricType::Histogram)?;
        histogram.encode_histogram::<NoLabelSet>(load.waited.as_secs_f64(), count, &buckets, None)
    }
}

/// In seconds. The last bound has no end.
fn upper_bound(bound: Duration) -> f64 {
    if bound == Duration::MAX { f64::INFINITY } else { bound.as_secs_f64() }
}

/// The connections to the database.
pub(super) struct DatabaseMetrics(pub(super) Connections);

impl Collector for DatabaseMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let pools = self.0.usage();
        let each = |value: fn(&PoolUsage) -> u32| {
            pools.iter().map(move |usage| (usage.pool, ConstGauge::new(i64::from(value(usage))))).collect::<Vec<_>>()
        };
        let help = "Connections to the database that are at work.";
        family(&mut encoder, "database_connections_in_use", help, "pool", each(|usage| usage.in_use))?;
        let help = "Open connections to the database that wait for work.";
        family(&mut encoder, "database_connections_idle", help, "pool", each(|usage| usage.idle))?;
        let help = "Most connections to the database at a time.";
        family(&mut encoder, "database_connections_max", help, "pool", each(|usage| usage.max))
    }
}
