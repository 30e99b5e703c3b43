use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use tests::cluster::Cluster;

/// Whose sessions it refreshes.
pub(crate) const EMAIL: &str = "pgbench@example.com";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/refresh.sql");

/// Refreshes per second by pgbench alone.
pub(crate) fn transactions_per_second(cluster: &Cluster, connections: usize, duration: Duration) -> f64 {
    let mut pgbench = cluster.program("pgbench");
    pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--define=known=0", "--file=-"]);
    pgbench.args([format!("--client={connections}"), format!("--time={}", duration.as_secs()), cluster.url()]);
    let before = generations(cluster);
    let text = run(pgbench.stdin(File::open(SCRIPT).unwrap()));
    let figure = |name: &str| {
        let figure = text.lines().find_map(|line| line.strip_prefix(name)).expect("pgbench tells its figures");
        figure.split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let transactions = figure("number of transactions actually processed: ");
    assert_eq!(generations(cluster) - before, transactions, "each was to write");
    figure("tps = ")
}

/// How often its sessions were refreshed.
fn generations(cluster: &Cluster) -> f64 {
    let sql = "SELECT sum(generation) FROM refresh_tokens JOIN users ON users.id = user_id WHERE email = ";
    query(cluster, &format!("{sql}'{EMAIL}'")).parse().unwrap()
}

/// The one value that the SQL returns.
pub(crate) fn query(cluster: &Cluster, sql: &str) -> String {
    run(cluster.program("psql").args(["--no-psqlrc", "--no-align", "--tuples-only", "--command", sql, &cluster.url()]))
        .trim()
        .to_owned()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Ends the bench if the script runs something else than the server was seen to run.
pub(crate) fn assert_same_statements(log: &str) {
    let script = without_parameters(&fs::read_to_string(SCRIPT).unwrap());
    let executed = log.lines().filter_map(|line| line.split_once("LOG:  execute ")?.1.split_once(": ").map(|(_, s)| s));
    let refreshing: Vec<_> = executed.filter(|sql| is_of_a_refresh(sql)).map(without_parameters).collect();
    assert!(!refreshing.is_empty());
    for statement in refreshing {
        assert!(script.contains(&statement), "{SCRIPT} lacks what a refresh runs:\n{statement}");
    }
}

fn is_of_a_refresh(sql: &str) -> bool {
    ["SELECT", "UPDATE"].iter().any(|verb| sql.starts_with(verb)) && sql.contains("\"refresh_tokens\"")
}

/// With `?` for `$1` and `:name`, and single spaces.
fn without_parameters(sql: &str) -> String {
    let is_parameter = |word: &&str| word.starts_with(['$', ':']);
    let words = sql.split_whitespace().map(|word| if is_parameter(&word) { "?" } else { word });
    words.collect::<Vec<_>>().join(" ")
}
