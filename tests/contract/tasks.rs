//! [`domain::tasks::TaskRepository`].

use std::sync::Arc;

use domain::StoreError;
use domain::tasks::{
    Task, TaskDescription, TaskId, TaskPosition, TaskQuery, TaskRepository, TaskStatus, TaskTitle, TaskUnit,
};
use domain::units::Begin;
use tests::{TestDatabase, on_each_database_and_pgbouncer, port};
use uuid::Uuid;

use crate::fixtures::{Stored, assert_waits, at, user, user_id};

on_each_database_and_pgbouncer!(
    a_task_reads_back_equal_in_every_field,
    a_task_of_nobody_is_refused,
    a_task_made_while_its_owner_is_deleted_is_refused,
    what_is_not_there_is_not_found,
    an_update_replaces_every_field_of_this_task_only,
    a_deletion_removes_this_task_only,
    deleting_a_user_removes_their_tasks_only,
    a_task_read_for_update_waits_for_the_unit_to_end,
    reading_for_update_outside_of_a_unit_locks_nothing,
    a_unit_that_is_dropped_leaves_no_task_behind,
    a_list_holds_what_fits_only,
    paging_visits_each_task_once_and_in_order,
    a_limit_of_none_lists_nothing,
    a_row_that_is_not_valid_any_more_is_read_as_it_is_and_hides_no_other,
    tasks_can_be_passed_over_and_counted,
);

fn store(db: &TestDatabase) -> Arc<dyn TaskRepository> {
    port!(db, dyn TaskRepository)
}

fn units(db: &TestDatabase) -> Arc<dyn Begin<dyn TaskUnit>> {
    port!(db, dyn Begin<dyn TaskUnit>)
}

fn task_id(number: u128) -> TaskId {
    TaskId::new(Uuid::from_u128(number))
}

fn title(text: &str) -> TaskTitle {
    TaskTitle::parse(text).unwrap()
}

fn description(text: &str) -> TaskDescription {
    TaskDescription::parse(text).unwrap()
}

/// A task of the user of that number, with no more than a task needs.
fn task(number: u128, owner: u128) -> Task {
    Task {
        id: task_id(number),
        owner: user_id(owner),
        title: title(&format!("Task {number}")),
        description: None,
        status: TaskStatus::Todo,
        created_at: at(0),
        updated_at: at(0),
    }
}

/// A task with every option set, and every value an unusual one.
fn full_task(number: u128, owner: u128) -> Task {
    Task {
        title: title("Zoë's 買い物 👩‍🚀 \\ % \"x\" e\u{301} '; --"),
        description: Some(description(&format!(" \t{}\r\n", "é".repeat(9_996)))),
        status: TaskStatus::Done,
        created_at: at(1),
        updated_at: at(2),
        ..task(number, owner)
    }
}

fn query(owner: u128) -> TaskQuery {
    TaskQuery { owner: user_id(owner), status: None, after: None, offset: 0, limit: 1000 }
}

/// Short ways to what most tests begin and end with.
trait Tasks {
    async fn insert_tasks(&self, tasks: &[Task]);
    async fn task(&self, number: u128) -> Option<Task>;
    async fn list(&self, query: &TaskQuery) -> Vec<Task>;
}

impl Tasks for TestDatabase {
    async fn insert_tasks(&self, tasks: &[Task]) {
        for task in tasks {
            store(self).insert(task).await.unwrap();
        }
    }

    async fn task(&self, number: u128) -> Option<Task> {
        store(self).find_by_id(task_id(number)).await.unwrap()
    }

    async fn list(&self, query: &TaskQuery) -> Vec<Task> {
        store(self).list(query).await.unwrap()
    }
}

async fn a_task_reads_back_equal_in_every_field(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let empty = Task { description: Some(description("")), status: TaskStatus::Doing, ..task(3, 1) };
    let tasks = [task(1, 1), full_task(2, 1), empty];
    db.insert_tasks(&tasks).await;
    for task in &tasks {
        assert_eq!(store(&db).find_by_id(task.id).await.unwrap().as_ref(), Some(task));
        assert_eq!(store(&db).find_by_id_for_update(task.id).await.unwrap().as_ref(), Some(task));
    }
    assert_eq!(db.list(&query(1)).await, [task(1, 1), tasks[2].clone(), full_task(2, 1)]);
}

async fn a_task_of_nobody_is_refused(db: TestDatabase) {
    let result = store(&db).insert(&task(1, 9)).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
    assert_eq!(db.task(1).await, None);
}

async fn a_task_made_while_its_owner_is_deleted_is_refused(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let unit = db.units.begin().await.unwrap();
    assert!(unit.users().delete(user_id(1)).await.unwrap());
    let tasks = store(&db);
    let inserting = tokio::spawn(async move { tasks.insert(&task(1, 1)).await });
    assert_waits(&inserting).await;
    unit.commit().await.unwrap();
    let result = inserting.await.unwrap();
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
    assert_eq!(db.task(1).await, None);
}

async fn what_is_not_there_is_not_found(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_tasks(&[task(1, 1)]).await;
    assert_eq!(db.task(9).await, None);
    assert_eq!(store(&db).find_by_id_for_update(task_id(9)).await.unwrap(), None);
    let result = store(&db).update(&task(9, 1)).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
    assert_eq!(db.task(9).await, None);
    assert!(!store(&db).delete(task_id(9)).await.unwrap());
    assert_eq!(db.list(&query(9)).await, []);
}

async fn an_update_replaces_every_field_of_this_task_only(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    db.insert_tasks(&[task(1, 1), full_task(2, 2), task(3, 1)]).await;
    let changed = [full_task(1, 2), task(2, 1)];
    for task in &changed {
        store(&db).update(task).await.unwrap();
    }
    for task in changed.into_iter().chain([task(3, 1)]) {
        assert_eq!(store(&db).find_by_id(task.id).await.unwrap(), Some(task));
    }
}

async fn a_deletion_removes_this_task_only(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_tasks(&[task(1, 1), task(2, 1)]).await;
    assert!(store(&db).delete(task_id(1)).await.unwrap());
    assert!(!store(&db).delete(task_id(1)).await.unwrap());
    assert_eq!(db.list(&query(1)).await, [task(2, 1)]);
}

async fn deleting_a_user_removes_their_tasks_only(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    db.insert_tasks(&[task(11, 1), task(12, 1), task(21, 2)]).await;
    assert!(db.users.delete(user_id(1)).await.unwrap());
    for number in [11, 12] {
        assert_eq!(db.task(number).await, None);
    }
    // Not even a row without its user is left, which a user of the same id would inherit.
    db.insert_users(&[user(1)]).await;
    assert_eq!(db.list(&query(1)).await, []);
    assert_eq!(db.list(&query(2)).await, [task(21, 2)]);
}

async fn a_task_read_for_update_waits_for_the_unit_to_end(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_tasks(&[task(1, 1)]).await;
    let first = units(&db).begin().await.unwrap();
    let mine = first.tasks().find_by_id_for_update(task_id(1)).await.unwrap().unwrap();
    let units = units(&db);
    let second = tokio::spawn(async move {
        let unit = units.begin().await.unwrap();
        let seen = unit.tasks().find_by_id_for_update(task_id(1)).await.unwrap().unwrap();
        unit.tasks().update(&Task { title: title("second"), ..seen }).await.unwrap();
        unit.commit().await.unwrap();
    });
    assert_waits(&second).await;
    first.tasks().update(&Task { status: TaskStatus::Done, ..mine }).await.unwrap();
    first.commit().await.unwrap();
    second.await.unwrap();
    assert_eq!(db.task(1).await, Some(Task { title: title("second"), status: TaskStatus::Done, ..task(1, 1) }));
}

async fn reading_for_update_outside_of_a_unit_locks_nothing(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_tasks(&[task(1, 1)]).await;
    store(&db).find_by_id_for_update(task_id(1)).await.unwrap();
    store(&db).update(&full_task(1, 1)).await.unwrap();
}

async fn a_unit_that_is_dropped_leaves_no_task_behind(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_tasks(&[task(1, 1)]).await;
    let unit = units(&db).begin().await.unwrap();
    unit.tasks().insert(&task(2, 1)).await.unwrap();
    assert!(unit.tasks().delete(task_id(1)).await.unwrap());
    assert_eq!(unit.tasks().list(&query(1)).await.unwrap(), [task(2, 1)]);
    drop(unit);
    assert_eq!(db.list(&query(1)).await, [task(1, 1)]);
}

/// Forty tasks of two users, with many ties, and with ids that are in no order of anything else.
fn a_heap() -> Vec<Task> {
    let heap = (0..40u8).map(|n| Task {
        id: task_id(u128::from(n.wrapping_mul(151)) << 120 | 1),
        status: TaskStatus::ALL[usize::from(n % 3)],
        created_at: at(i64::from(n % 4)),
        ..task(u128::from(n), if n % 5 == 0 { 2 } else { 1 })
    });
    heap.collect()
}

/// What of the heap fits, in order.
fn fitting(query: &TaskQuery) -> Vec<Task> {
    let fits = |task: &Task| task.owner == query.owner && query.status.is_none_or(|status| task.status == status);
    let mut tasks: Vec<_> = a_heap().into_iter().filter(fits).collect();
    tasks.sort_by_key(|task| (task.created_at, *task.id.as_uuid().as_bytes()));
    tasks
}

/// By user, and by each status or none.
fn queries() -> impl Iterator<Item = TaskQuery> {
    let statuses = [None, Some(TaskStatus::Todo), Some(TaskStatus::Doing), Some(TaskStatus::Done)];
    [1, 2].into_iter().flat_map(move |owner| statuses.map(|status| TaskQuery { status, ..query(owner) }))
}

async fn a_list_holds_what_fits_only(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    db.insert_tasks(&a_heap()).await;
    for query in queries() {
        let expected = fitting(&query);
        assert!(!expected.is_empty());
        assert_eq!(db.list(&query).await, expected, "{query:?}");
    }
}

async fn paging_visits_each_task_once_and_in_order(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    db.insert_tasks(&a_heap()).await;
    for query in queries() {
        let mut visited = Vec::new();
        let mut page = TaskQuery { limit: 3, ..query.clone() };
        loop {
            let tasks = db.list(&page).await;
            assert!(tasks.len() <= 3);
            let Some(last) = tasks.last() else { break };
            page.after = Some(TaskPosition { created_at: last.created_at, id: last.id });
            visited.extend(tasks);
        }
        assert_eq!(visited, fitting(&query), "{query:?}");
    }
}

async fn a_limit_of_none_lists_nothing(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_tasks(&[task(1, 1)]).await;
    assert_eq!(db.list(&TaskQuery { limit: 0, ..query(1) }).await, []);
}

async fn a_row_that_is_not_valid_any_more_is_read_as_it_is_and_hides_no_other(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_tasks(&[task(2, 1)]).await;
    let text = |text: &str| text.to_owned();
    for (column, value, expected) in [
        ("title", "' '", Task { title: TaskTitle::stored(text(" ")), ..task(1, 1) }),
        ("description", "'\u{1b}'", Task { description: Some(TaskDescription::stored(text("\u{1b}"))), ..task(1, 1) }),
        ("status", "'nonsense'", Task { status: TaskStatus::Todo, ..task(1, 1) }),
    ] {
        db.insert_tasks(&[task(1, 1)]).await;
        db.run_sql(&format!("UPDATE tasks SET {column} = {value} WHERE title = '{}'", task(1, 1).title.as_str())).await;
        assert_eq!(db.task(1).await, Some(expected.clone()));
        assert_eq!(db.list(&query(1)).await, [expected, task(2, 1)]);
        store(&db).update(&task(1, 1)).await.unwrap();
        assert_eq!(db.task(1).await, Some(task(1, 1)));
        assert!(store(&db).delete(task_id(1)).await.unwrap());
    }
}

async fn tasks_can_be_passed_over_and_counted(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    db.insert_tasks(&a_heap()).await;
    for query in queries() {
        let all = fitting(&query);
        let page = TaskQuery { offset: 1, limit: 2, ..query.clone() };
        assert_eq!(db.list(&page).await, all.iter().skip(1).take(2).cloned().collect::<Vec<_>>(), "{query:?}");
        let beyond = TaskQuery { offset: 1_000_000, ..query.clone() };
        assert_eq!(db.list(&beyond).await, []);
        assert_eq!(store(&db).count(query.owner, query.status).await.unwrap(), all.len() as u64, "{query:?}");
    }
}
