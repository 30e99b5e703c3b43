//! The migrations, as the adapters run them.

use std::sync::Arc;

use domain::users::search_key;
use infra_postgres::PostgresSettings;
use infra_sqlite::SqliteSettings;
use migration::{State, Status, Step};
use sea_orm::{ConnectionTrait, Database, QueryResult, Statement};
use sea_orm_migration::prelude::{
    ColumnDef, DbErr, DynIden, ForeignKey, IntoIden, MigrationName, MigrationTrait, MigratorTrait, SchemaManager,
    Table, async_trait,
};
use tests::{EmptyDatabase, OnDatabase, on_each_database, on_each_database_and_pgbouncer, run_sql};

on_each_database_and_pgbouncer!(
    migrating_an_empty_database_applies_everything_once,
    the_status_tells_what_is_applied_and_what_not,
    every_migration_can_be_reverted_and_applied_again,
    nodes_that_migrate_at_once_all_succeed,
    a_migrator_of_others_runs_beside_ours,
);

on_each_database!(names_that_were_stored_before_are_found_by_their_parts);

/// The two adapters have functions of the same form and errors of their own.
async fn migrate(db: &EmptyDatabase, step: Step) -> Vec<String> {
    if db.url.starts_with("sqlite:") {
        infra_sqlite::migrate(&SqliteSettings::new(&db.url), step).await.unwrap()
    } else {
        infra_postgres::migrate(&postgres(db), step).await.unwrap()
    }
}

async fn status(db: &EmptyDatabase) -> Vec<Status> {
    if db.url.starts_with("sqlite:") {
        infra_sqlite::migration_status(&SqliteSettings::new(&db.url)).await.unwrap()
    } else {
        infra_postgres::migration_status(&postgres(db)).await.unwrap()
    }
}

fn postgres(db: &EmptyDatabase) -> PostgresSettings {
    PostgresSettings { prepared_statements: !db.has_pgbouncer, ..PostgresSettings::new(&db.url).unwrap() }
}

async fn migrating_an_empty_database_applies_everything_once(db: EmptyDatabase) {
    let applied = migrate(&db, Step::Up).await;
    let names: Vec<_> = status(&db).await.into_iter().map(|status| status.name).collect();
    assert!(!applied.is_empty());
    assert_eq!(applied, names);
    assert_eq!(migrate(&db, Step::Up).await, Vec::<String>::new());
}

async fn the_status_tells_what_is_applied_and_what_not(db: EmptyDatabase) {
    migrate(&db, Step::Up).await;
    let before = status(&db).await;
    assert!(before.len() >= 2 && before.iter().all(|status| status.state == State::Applied));
    let last = before.last().unwrap().name.clone();
    assert_eq!(migrate(&db, Step::Down(1)).await, [last.as_str()]);
    let after = status(&db).await;
    let pending: Vec<_> =
        after.iter().filter(|status| status.state == State::Pending).map(|status| &status.name).collect();
    assert_eq!(pending, [&last]);
    assert_eq!(status(&db).await, after);
}

async fn names_that_were_stored_before_are_found_by_their_parts(db: EmptyDatabase) {
    let to = status(&db).await.iter().position(|status| status.name.ends_with("search_words_and_domains")).unwrap();
    migrate(&db, Step::Up).await;
    let newer = status(&db).await.len() - to;
    migrate(&db, Step::Down(u32::try_from(newer).unwrap())).await;
    // More than are rewritten at a time.
    let id = if db.url.starts_with("sqlite:") { "randomblob(16)" } else { "gen_random_uuid()" };
    let now = "CURRENT_TIMESTAMP";
    let insert = format!(
        "INSERT INTO users (id, email, email_key, full_name, full_name_key, role, is_active, email_verified, epoch,
            created_at, updated_at)
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2500)
         SELECT {id}, n || '@example.com', n || '@example.com', 'Ada', 'Ada', 'user', TRUE, FALSE, 0, {now}, {now}
         FROM numbers"
    );
    run_sql(&db.url, &insert).await;
    let names = ["Anna-Maria O\u{2019}Neill", "Zoe\u{308} Weiß", "İnan Işıl", "Ada  King", "می\u{200c}خواهم", ""];
    for (number, name) in names.iter().enumerate() {
        let key = name.to_lowercase();
        let change = format!("full_name = '{name}', full_name_key = '{key}'");
        let whom = format!("(SELECT id FROM users ORDER BY id LIMIT 1 OFFSET {})", number * 400);
        run_sql(&db.url, &format!("UPDATE users SET {change} WHERE id = {whom}")).await;
    }
    migrate(&db, Step::Up).await;
    let connection = Database::connect(&db.url).await.unwrap();
    let select = "SELECT full_name, full_name_key FROM users WHERE full_name IS NOT NULL";
    let statement = Statement::from_string(connection.get_database_backend(), select);
    let rows = connection.query_all_raw(statement).await.unwrap();
    let read = |row: &QueryResult, column| row.try_get::<String>("", column).unwrap();
    let keys: Vec<_> = rows.iter().map(|row| (read(row, "full_name"), read(row, "full_name_key"))).collect();
    assert!(names.iter().all(|name| keys.iter().any(|(stored, _)| stored == name)));
    for (name, key) in keys {
        assert_eq!(key, search_key(&name), "{name}");
    }
}

/// What a program that embeds Hexauth adds.
struct Others;

impl MigratorTrait for Others {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateOthers)]
    }

    fn migration_table_name() -> DynIden {
        "other_migrations".into_iden()
    }
}

struct CreateOthers;

impl MigrationName for CreateOthers {
    fn name(&self) -> &str {
        "create_others"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateOthers {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let others = Table::create()
            .table("others")
            .col(ColumnDef::new("user_id").uuid().not_null().primary_key())
            .foreign_key(ForeignKey::create().from("others", "user_id").to("users", "id"))
            .to_owned();
        manager.create_table(others).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("others").to_owned()).await
    }
}

async fn migrate_others(db: &EmptyDatabase, step: Step) -> Vec<String> {
    if db.url.starts_with("sqlite:") {
        infra_sqlite::migrate_with::<Others>(&SqliteSettings::new(&db.url), step).await.unwrap()
    } else {
        infra_postgres::migrate_with::<Others>(&postgres(db), step).await.unwrap()
    }
}

async fn a_migrator_of_others_runs_beside_ours(db: EmptyDatabase) {
    migrate(&db, Step::Up).await;
    let db = Arc::new(db);
    let start = |db: Arc<EmptyDatabase>| tokio::spawn(async move { migrate_others(&db, Step::Up).await });
    let nodes: Vec<_> = (0..3).map(|_| start(Arc::clone(&db))).collect();
    let mut applied = Vec::new();
    for node in nodes {
        applied.extend(node.await.unwrap());
    }
    assert_eq!(applied, ["create_others"], "one of them did it");
    assert!(status(&db).await.iter().all(|status| status.state == State::Applied && status.name != "create_others"));
    assert_eq!(migrate(&db, Step::Up).await, Vec::<String>::new());
    assert_eq!(migrate_others(&db, Step::Down(9)).await, ["create_others"]);
    assert!(status(&db).await.iter().all(|status| status.state == State::Applied), "ours stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_an_empty_postgres_database_changes_nothing() {
    let db = EmptyDatabase::postgres().await;
    let first = status(&db).await;
    assert!(first.iter().all(|status| status.state == State::Pending));
    assert_eq!(status(&db).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_missing_sqlite_file_makes_none() {
    let (folder, url) = tests::sqlite::create_database();
    let status = infra_sqlite::migration_status(&SqliteSettings::new(url)).await.unwrap();
    assert!(!status.is_empty() && status.iter().all(|status| status.state == State::Pending));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

async fn every_migration_can_be_reverted_and_applied_again(db: EmptyDatabase) {
    let applied = migrate(&db, Step::Up).await;
    let count = u32::try_from(applied.len()).unwrap();
    let mut reverted = migrate(&db, Step::Down(count)).await;
    reverted.sort();
    assert_eq!(reverted, applied);
    assert!(status(&db).await.iter().all(|status| status.state == State::Pending));
    assert_eq!(migrate(&db, Step::Up).await, applied);
}

async fn nodes_that_migrate_at_once_all_succeed(db: EmptyDatabase) {
    let db = Arc::new(db);
    let node = || {
        let db = Arc::clone(&db);
        tokio::spawn(async move { migrate(&db, Step::Up).await })
    };
    let nodes = [node(), node(), node(), node()];
    let mut applied = Vec::new();
    for node in nodes {
        applied.extend(node.await.unwrap());
    }
    applied.sort();
    let names: Vec<_> = status(&db).await.into_iter().map(|status| status.name).collect();
    assert_eq!(applied, names, "each migration was applied by exactly one node");
}
