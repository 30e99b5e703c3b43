use std::time::{Duration, Instant};

use serde_json::Value;
use tests::client::{Client, EMAIL};
use tests::process::Workplace;
use tests::{on_each_database, run_sql};

use crate::nodes::Nodes;

on_each_database!(two_nodes_and_the_command_remove_and_tell_each_session_once);

const ENDED: u64 = 6000;
const NOTHING: &str = "would remove 0 sessions that have ended, 0 revocations, 0 signing keys, 0 old events, \
                  0 one-time tokens, 0 ceremonies of passkeys, 0 sign-ins by providers, 0 mails, 0 counts of attempts\n";

async fn two_nodes_and_the_command_remove_and_tell_each_session_once(workplace: Workplace) {
    let workplace = workplace.with("APP_CLEANUP__INTERVAL", "0s");
    let node = workplace.serve().await;
    let live = Client::of(&node).sign_up(EMAIL).await;
    node.stop().success();
    insert_ended_sessions(&workplace.database_url()).await;

    let nodes = Nodes::start(workplace.with("APP_CLEANUP__INTERVAL", "1s"), 2).await;
    let mut removed = tokio::task::block_in_place(|| told(&nodes.workplace.run(&["cleanup"]).success()));
    let deadline = Instant::now() + Duration::from_secs(30);
    while tokio::task::block_in_place(|| nodes.workplace.run(&["cleanup", "--dry-run"]).success()) != NOTHING {
        assert!(Instant::now() < deadline, "the nodes do not clean up");
    }
    let refreshed = nodes.client(1).refresh(&live.refresh).await;
    assert_eq!(refreshed.status(), 200);
    let logs = nodes.stop();
    removed += logs.iter().filter_map(|record| record["sessions"].as_u64()).sum::<u64>();
    assert_eq!(removed, ENDED);
    let faults: Vec<&Value> = logs.iter().filter(|record| record["level"] == "ERROR").collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert!(!logs.iter().any(|record| record["message"] == "what has ended cannot be removed"), "{logs:?}");
}

/// What the command says that it removed.
fn told(output: &str) -> u64 {
    output.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Many copies of the session that is there, all of which ended when they began.
async fn insert_ended_sessions(url: &str) {
    let new_id = if url.starts_with("postgres") { "gen_random_uuid()" } else { "randomblob(16)" };
    let sql = format!(
        "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {ENDED})
         INSERT INTO refresh_tokens SELECT {new_id}, user_id, nonce, generation, created_at, rotated_at, last_used_at,
         created_at, expires_at, revoked_at, revoked_reason, user_agent, address, auth_time, amr
         FROM refresh_tokens, numbers"
    );
    run_sql(url, &sql).await;
}
