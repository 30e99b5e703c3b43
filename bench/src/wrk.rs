use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/wrk.lua");

/// How fast a URL responds.
pub(crate) struct Speed {
    /// Requests.
    pub(crate) per_second: f64,
    /// Of 100 requests, 99 took no longer.
    pub(crate) p99: Duration,
}

/// Requests per second that a URL serves, all of them with 200, to the bearers of these tokens.
pub(crate) fn requests_per_second(url: &str, tokens: &Path) -> f64 {
    read(url, tokens, 64, Duration::from_secs(2)).per_second
}

/// How fast a URL responds, always with 200, to the bearers of these tokens on this many connections.
pub(crate) fn read(url: &str, tokens: &Path, connections: usize, duration: Duration) -> Speed {
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", "2", "--latency", "--connections", &connections.to_string()]);
    wrk.args(["--duration", &format!("{}s", duration.as_secs()), "--script", SCRIPT, url, "--"]).arg(tokens);
    let output = wrk.output().expect("the bench needs wrk (Debian: apt-get install wrk)");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
    let value = |label: &str| text.lines().find_map(|line| line.trim().strip_prefix(label)).expect("wrk tells it");
    Speed { per_second: value("Requests/sec:").trim().parse().unwrap(), p99: parse_duration(value("99%").trim()) }
}

/// As wrk writes one, such as `2.60ms`.
fn parse_duration(text: &str) -> Duration {
    let (number, seconds) = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
        .expect("wrk tells the unit");
    Duration::from_secs_f64(number.parse::<f64>().unwrap() * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_durations_that_wrk_writes() {
        let read = ["812.00us", "2.60ms", "1.25s"].map(parse_duration);
        assert_eq!(read, [812, 2_600, 1_250_000].map(Duration::from_micros));
    }
}
