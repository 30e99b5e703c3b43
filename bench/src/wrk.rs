use std::path::Path;
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/wrk.lua");

/// Requests a second that a URL answers, all of them with 200, to the bearers of these tokens.
pub(crate) fn requests_per_second(url: &str, tokens: &Path) -> f64 {
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", "2", "--connections", "64", "--duration", "2s", "--script", SCRIPT, url, "--"]).arg(tokens);
    let output = wrk.output().expect("the bench needs wrk (Debian: apt-get install wrk)");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
    let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:")).expect("wrk tells the rate");
    rate.trim().parse().unwrap()
}
