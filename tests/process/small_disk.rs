//! A disk that gets full.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tests::client::{Client, EMAIL, PASSWORD};
use tests::cluster::Cluster;
use tests::process::{Node, Workplace};

use crate::readiness::{wait_until_not_ready, wait_until_ready_again};

/// A disk in memory, mounted until this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// # Panics
    /// When nothing can be mounted.
    fn mount(folder: PathBuf, mebibytes: u32) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]).arg(&folder);
        let mounted = mount.status().is_ok_and(|status| status.success());
        assert!(mounted, "no small disk could be mounted, so that one that gets full is not tested: run this as root");
        Self(folder)
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        let page = [1; 4096];
        while filler.write_all(&page).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// It is ready as long as people can register, and not when they cannot, and recovers.
async fn assert_ready_tells_when_it_is_full(node: &Node, disk: &SmallDisk) {
    let client = Client::of(node);
    assert_eq!(client.register("early@example.com").await.status(), StatusCode::CREATED);
    disk.fill();
    let mut number = 0;
    loop {
        // There is room in what was allocated before.
        match client.register(&format!("user{number}@example.com")).await.status() {
            StatusCode::CREATED => number += 1,
            StatusCode::SERVICE_UNAVAILABLE => break,
            other => panic!("{other}"),
        }
        assert!(number < 5000, "the disk does not get full");
    }
    wait_until_not_ready(&client).await;
    assert_eq!(client.register("full@example.com").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(client.get("/health/live").await.status(), StatusCode::OK);
    fs::remove_file(disk.filler()).unwrap();
    wait_until_ready_again(&client).await;
    assert_eq!(client.register("late@example.com").await.status(), StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_while_the_disk_of_its_sqlite_file_is_full() {
    let workplace = Workplace::default();
    let disk = SmallDisk::mount(workplace.path("data"), 4);
    let node = workplace.serve().await;
    assert_ready_tells_when_it_is_full(&node, &disk).await;
}

/// What is acknowledged is seen by another connection, which can write too, and is still there after a restart.
async fn assert_keeps_what_it_acknowledges(workplace: &Workplace, node: Node, client: &Client) {
    assert_eq!(client.register("late@example.com").await.status(), StatusCode::CREATED);
    assert_eq!(client.get("/health/ready").await.status(), StatusCode::OK);
    let other = tests::connect(&workplace.database_url()).await;
    let find = "SELECT id FROM users WHERE email = 'late@example.com'";
    let found = other.query_one_raw(Statement::from_string(DbBackend::Sqlite, find)).await.unwrap();
    assert!(found.is_some(), "another connection does not see who was registered");
    other.execute_unprepared("BEGIN IMMEDIATE; ROLLBACK").await.unwrap();
    other.close().await.unwrap();
    // Without the time to do anything at the end.
    node.signal("KILL");
    drop(node);
    let node = workplace.serve().await;
    assert_eq!(Client::of(&node).login("late@example.com", PASSWORD).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_full_disk_sqlite_keeps_what_it_acknowledges() {
    let workplace = Workplace::default();
    let disk = SmallDisk::mount(workplace.path("data"), 4);
    let node = workplace.serve().await;
    let client = Client::of(&node);
    disk.fill();
    // With room for some more pages each time, a unit fails at its first statement, at a later one, or at its commit.
    for pages in 0..8 {
        let filler = File::options().write(true).open(disk.filler()).unwrap();
        filler.set_len(filler.metadata().unwrap().len() - pages * 4096).unwrap();
        for number in 0..5 {
            client.register(&format!("user{number}@{pages}.example.com")).await;
        }
    }
    fs::remove_file(disk.filler()).unwrap();
    wait_until_ready_again(&client).await;
    assert_keeps_what_it_acknowledges(&workplace, node, &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_probes_on_a_full_disk_sqlite_keeps_what_it_acknowledges() {
    let workplace = Workplace::default();
    let disk = SmallDisk::mount(workplace.path("data"), 4);
    let node = workplace.serve().await;
    let client = Client::of(&node);
    disk.fill();
    wait_until_not_ready(&client).await;
    // Long enough for more probes that fail.
    for _ in 0..20 {
        client.get("/health/ready").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    fs::remove_file(disk.filler()).unwrap();
    wait_until_ready_again(&client).await;
    assert_keeps_what_it_acknowledges(&workplace, node, &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_full_disk_and_a_unit_rolled_back_sqlite_keeps_what_it_acknowledges() {
    let workplace = Workplace::default();
    let disk = SmallDisk::mount(workplace.path("data"), 4);
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let access = client.sign_up(EMAIL).await.access;
    disk.fill();
    // The commit of a probe fails.
    wait_until_not_ready(&client).await;
    fs::remove_file(disk.filler()).unwrap();
    let unknown = "/tasks/00000000-0000-4000-8000-000000000000";
    let deleted = client.send(Method::DELETE, unknown, Some(&access), None).await;
    assert_eq!(deleted.status(), StatusCode::NOT_FOUND);
    wait_until_ready_again(&client).await;
    assert_keeps_what_it_acknowledges(&workplace, node, &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_while_the_disk_of_its_postgres_is_full() {
    let mut workplace = Workplace::default();
    let disk = SmallDisk::mount(workplace.path("disk"), 64);
    let cluster = Cluster::create();
    let place = disk.0.join("tables");
    fs::create_dir(&place).unwrap();
    // PostgreSQL must be able to get there, and own it.
    for folder in [workplace.path(""), disk.0.clone()] {
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    give_to_server(&cluster, &place).await;
    tests::run_sql(&cluster.url(), &format!("CREATE TABLESPACE small LOCATION '{}'", place.display())).await;
    tests::run_sql(&cluster.url(), "CREATE DATABASE small TABLESPACE small").await;
    let url = format!("{}small", cluster.url().strip_suffix("postgres").unwrap());
    workplace.set("DATABASE_URL", url);
    let node = workplace.serve().await;
    assert_ready_tells_when_it_is_full(&node, &disk).await;
}

async fn give_to_server(cluster: &Cluster, folder: &Path) {
    let connection = tests::connect(&cluster.url()).await;
    let ask = Statement::from_string(DbBackend::Postgres, "SELECT current_setting('data_directory') AS folder");
    let row = connection.query_one_raw(ask).await.unwrap().unwrap();
    let data: String = row.try_get("", "folder").unwrap();
    connection.close().await.unwrap();
    let owner = fs::metadata(data).unwrap();
    chown(folder, Some(owner.uid()), Some(owner.gid())).unwrap();
}
