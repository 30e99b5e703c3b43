use std::fs;

use futures_util::future::join_all;
use tests::client::{Client, EMAIL, PASSWORD};
use tests::process::Workplace;

#[tokio::test(flavor = "multi_thread")]
async fn that_sign_ins_are_refused_is_logged_once() {
    let workplace = Workplace::default()
        .with("APP_PASSWORD__THREADS", "1")
        .with("APP_PASSWORD__QUEUE", "1")
        .with("APP_PASSWORD__MEMORY_KIB", "19456");
    let node = workplace.serve().await;
    let client = Client::of(&node);
    client.register(EMAIL).await;
    let answers = join_all((0..40).map(|_| client.login(EMAIL, PASSWORD))).await;
    assert!(answers.iter().filter(|answer| answer.status() == 503).count() > 1);
    let logs = node.stop().logs();
    let warnings: Vec<_> = logs.lines().filter(|line| line.contains("\"WARN\"") && line.contains("hasher")).collect();
    assert_eq!(warnings.len(), 1, "{}", warnings.join("\n"));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn threads_that_hash_give_way_to_those_that_serve() {
    let node = Workplace::default().with("APP_PASSWORD__THREADS", "2").serve().await;
    Client::of(&node).sign_up(EMAIL).await;
    let threads = fs::read_dir(format!("/proc/{}/task", node.id())).unwrap();
    let niceness = threads.map(|thread| nice_value(&fs::read_to_string(thread.unwrap().path().join("stat")).unwrap()));
    let niceness: Vec<(bool, i32)> = niceness.collect();
    let usual = niceness.iter().filter(|(hashes, _)| !hashes).map(|(_, nice)| *nice).max().unwrap();
    let hashing: Vec<_> = niceness.iter().filter(|(hashes, _)| *hashes).map(|(_, nice)| *nice).collect();
    assert_eq!(hashing.len(), 2);
    assert!(hashing.iter().all(|nice| *nice > usual), "{hashing:?} and {usual}");
}

/// Whether a thread hashes, and its nice value, the 19th field (`man proc_pid_stat`).
#[cfg(target_os = "linux")]
fn nice_value(stat: &str) -> (bool, i32) {
    let (name, fields) = stat.rsplit_once(") ").unwrap();
    (name.contains("(argon2-"), fields.split(' ').nth(16).unwrap().parse().unwrap())
}
