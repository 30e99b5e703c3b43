//! Where there is no folder for temporary files: only the data folder can be written to, as in a container.

use std::path::Path;
use std::process::Command;

use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tests::client::{Client, EMAIL};
use tests::process::{Finished, Node, Workplace, binary};

/// Runs what follows with every folder that SQLite would try for temporary files mounted for reading only.
const CLOSED: &str = r#"
for folder in /tmp /var/tmp /usr/tmp "$PWD"; do
    if [ -d "$folder" ]; then mount --rbind "$folder" "$folder"; fi
done
cd "$PWD"
mount --bind "$PWD/data" "$PWD/data"
for folder in /tmp /var/tmp /usr/tmp "$PWD"; do
    if [ -d "$folder" ]; then mount -o remount,bind,ro "$folder"; fi
done
exec "$@"
"#;

/// Starts the binary where only the data folder can be written to.
fn start(workplace: &Workplace, arguments: &[&str]) -> Node {
    let allowed = Command::new("unshare").args(["--mount", "true"]).status().is_ok_and(|status| status.success());
    assert!(allowed, "nothing can be mounted, so that a lack of temporary files is not tested: run this as root");
    let binary = binary().to_str().unwrap();
    let mut words = vec!["--mount", "sh", "-euc", CLOSED, "sh", binary];
    words.extend(arguments);
    workplace.start_program(Path::new("unshare"), &words)
}

fn run(workplace: &Workplace, arguments: &[&str]) -> Finished {
    start(workplace, arguments).wait_for_exit(std::time::Duration::from_secs(60))
}

/// What is in the data folder besides the database.
fn left(workplace: &Workplace) -> Vec<String> {
    let content = workplace.content();
    let names = content.keys().filter_map(|path| path.strip_prefix(workplace.path("data")).ok()?.to_str());
    names.filter(|name| !name.is_empty() && !name.starts_with("hexauth.")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_on_many_users_is_made() {
    let workplace = Workplace::default();
    workplace.run(&["migrate", "up"]).success();
    let applied = workplace.run(&["migrate", "status"]).success().lines().count();
    // All but the first, which makes the table.
    workplace.run(&["migrate", "down", "--steps", &(applied - 1).to_string()]).success();
    let users = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 60000)
        INSERT INTO users (id, email, email_key, username, full_name, full_name_key, role, is_active, email_verified,
            epoch, created_at, updated_at)
        SELECT randomblob(16), n || '@example.com', n || '@example.com',
            'user' || n, 'Name ' || hex(randomblob(40)), 'name ' || lower(hex(randomblob(40))), 'user', TRUE, FALSE, 0,
            '2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00' FROM numbers";
    tests::run_sql(&workplace.database_url(), users).await;
    let finished = run(&workplace, &["migrate", "up"]);
    assert_eq!(finished.success().lines().count(), applied - 1);
    assert!(left(&workplace).is_empty(), "{:?}", left(&workplace));
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_sessions_are_ended_and_cleaned_up() {
    let workplace = Workplace::default().with("APP_SERVER__REQUEST_TIMEOUT", "60s");
    workplace.run(&["migrate", "up"]).success();
    let node = start(&workplace, &["serve"]);
    node.wait_until_ready().await;
    let client = Client::of(&node);
    let tokens = client.sign_up(EMAIL).await;
    let sessions = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 130000)
        INSERT INTO refresh_tokens (id, user_id, nonce, generation, created_at, rotated_at, last_used_at,
            idle_expires_at, expires_at, user_agent)
        SELECT randomblob(16), user_id, nonce, 0, created_at,
            rotated_at, last_used_at, idle_expires_at, expires_at, hex(randomblob(60))
        FROM numbers, refresh_tokens";
    tests::run_sql(&workplace.database_url(), sessions).await;
    let ended = client.send(Method::POST, "/auth/logout-all", Some(&tokens.access), None).await;
    assert_eq!(ended.status(), StatusCode::NO_CONTENT, "{}", node.logs());
    assert_eq!(client.refresh(&tokens.refresh).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(node.stop().code(), Some(0));
    let database = tests::connect(&workplace.database_url()).await;
    database
        .execute_unprepared("UPDATE refresh_tokens SET revoked_at = '2020-01-01T00:00:00.000000+00:00'")
        .await
        .unwrap();
    run(&workplace, &["cleanup"]).success();
    let count = Statement::from_string(DbBackend::Sqlite, "SELECT count(*) AS count FROM refresh_tokens");
    let count: i64 = database.query_one_raw(count).await.unwrap().unwrap().try_get("", "count").unwrap();
    database.close().await.unwrap();
    assert_eq!(count, 0);
    assert!(left(&workplace).is_empty(), "{:?}", left(&workplace));
}
