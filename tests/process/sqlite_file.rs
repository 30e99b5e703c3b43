//! What happens to the SQLite file under a server that runs.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tests::client::{Client, EMAIL};
use tests::process::{Node, Workplace};

const FILES: [&str; 3] = ["hexauth.db", "hexauth.db-wal", "hexauth.db-shm"];

/// Registers people as fast as it can, and notes whose registration was acknowledged.
struct Load {
    acknowledged: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Load {
    const FOR: Duration = Duration::from_secs(4);

    async fn start(node: &Node) -> Self {
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let tasks = (0..4).map(|task| tokio::spawn(register(Client::of(node), task, Arc::clone(&acknowledged))));
        let load = Self { tasks: tasks.collect(), acknowledged };
        while load.acknowledged.load(Ordering::SeqCst) < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        load
    }

    async fn emails(self) -> Vec<String> {
        let mut emails = Vec::new();
        for task in self.tasks {
            emails.extend(task.await.unwrap());
        }
        emails
    }
}

async fn register(client: Client, task: usize, count: Arc<AtomicUsize>) -> Vec<String> {
    let begun = std::time::Instant::now();
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if begun.elapsed() > Load::FOR {
            break;
        }
        let email = format!("user{task}-{number}@example.com");
        match client.register(&email).await.status() {
            StatusCode::CREATED => {
                acknowledged.push(email);
                count.fetch_add(1, Ordering::SeqCst);
            }
            StatusCode::SERVICE_UNAVAILABLE => {}
            other => panic!("{other}"),
        }
    }
    acknowledged
}

/// The users in a file.
async fn emails_in(file: &Path) -> Vec<String> {
    let connection = tests::connect(&format!("sqlite://{}", file.display())).await;
    let all = Statement::from_string(DbBackend::Sqlite, "SELECT email FROM users");
    let rows = connection.query_all_raw(all).await.unwrap();
    connection.close().await.unwrap();
    rows.iter().map(|row| row.try_get("", "email").unwrap()).collect()
}

fn assert_holds(stored: &[String], acknowledged: &[String]) {
    let lost: Vec<_> = acknowledged.iter().filter(|email| !stored.contains(*email)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged are lost, such as {}", lost.len(), acknowledged.len(), lost[0]);
}

/// Nothing is served from a file that nobody else sees, the log says so once, and a restart repairs it.
async fn assert_refuses(node: &Node) {
    let client = Client::of(node);
    assert_eq!(client.register("late@example.com").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    for _ in 0..3 {
        assert_eq!(client.get("/health/ready").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(client.get("/health/live").await.status(), StatusCode::OK);
    let told = node.logs().lines().filter(|line| line.contains("\"ERROR\"") && line.contains("restart")).count();
    assert_eq!(told, 1, "{}", node.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_acknowledged_while_the_file_is_moved_away_is_in_it() {
    let workplace = Workplace::default();
    let node = workplace.serve().await;
    let load = Load::start(&node).await;
    fs::create_dir(workplace.path("away")).unwrap();
    for file in FILES {
        fs::rename(workplace.path("data").join(file), workplace.path("away").join(file)).unwrap();
    }
    let acknowledged = load.emails().await;
    assert_refuses(&node).await;
    assert_holds(&emails_in(&workplace.path("away/hexauth.db")).await, &acknowledged);

    // It was the same file all the time.
    for file in FILES {
        fs::rename(workplace.path("away").join(file), workplace.path("data").join(file)).unwrap();
    }
    node.wait_until_ready().await;
    assert_eq!(Client::of(&node).register("late@example.com").await.status(), StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_after_the_file_was_deleted() {
    let workplace = Workplace::default();
    let node = workplace.serve().await;
    let load = Load::start(&node).await;
    for file in FILES {
        fs::remove_file(workplace.path("data").join(file)).unwrap();
    }
    let at_most = load.acknowledged.load(Ordering::SeqCst) + load.tasks.len();
    let acknowledged = load.emails().await;
    assert!(acknowledged.len() <= at_most, "{} were acknowledged, {at_most} before", acknowledged.len());
    assert_refuses(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_after_the_file_was_replaced() {
    let workplace = Workplace::default();
    let node = workplace.serve().await;
    let client = Client::of(&node);
    assert_eq!(client.register(EMAIL).await.status(), StatusCode::CREATED);
    let backup = workplace.path("data/backup.db");
    tests::run_sql(&workplace.database_url(), &format!("VACUUM INTO '{}'", backup.display())).await;
    let load = Load::start(&node).await;
    fs::rename(&backup, workplace.path("data/hexauth.db")).unwrap();
    let at_most = load.acknowledged.load(Ordering::SeqCst) + load.tasks.len();
    let acknowledged = load.emails().await;
    assert!(acknowledged.len() <= at_most, "{} were acknowledged, {at_most} before", acknowledged.len());
    assert_refuses(&node).await;

    for file in &FILES[1..] {
        fs::remove_file(workplace.path("data").join(file)).unwrap();
    }
    node.stop();
    let node = workplace.serve().await;
    assert_eq!(Client::of(&node).register(EMAIL).await.status(), StatusCode::CONFLICT, "it has the backup");
}

/// Without its log the file is not what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_after_the_files_beside_it_were_deleted() {
    for file in &FILES[1..] {
        let workplace = Workplace::default();
        let node = workplace.serve().await;
        assert_eq!(Client::of(&node).register(EMAIL).await.status(), StatusCode::CREATED);
        fs::remove_file(workplace.path("data").join(file)).unwrap();
        assert_refuses(&node).await;
    }
}

/// Each of these is the last to close the file but for the server, whose log must stay.
#[tokio::test(flavor = "multi_thread")]
async fn other_processes_come_and_go_without_harm() {
    let workplace = Workplace::default();
    let node = workplace.serve().await;
    let client = Client::of(&node);
    for command in [["migrate", "up"], ["migrate", "status"], ["keys", "list"], ["cleanup", "--dry-run"]] {
        workplace.run(&command).success();
        assert_eq!(client.get("/health/ready").await.status(), StatusCode::OK, "{command:?}");
        assert_eq!(client.register(&format!("{}@example.com", command.join(""))).await.status(), StatusCode::CREATED);
    }
}
