use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{Answer, App, Tokens, members, send};

on_each_database!(
    a_task_lives_from_creation_to_deletion,
    a_task_is_kept_as_it_was_written,
    absent_stays_null_clears_and_a_value_is_set,
    each_path_answers_with_a_slash_at_its_end,
    without_a_token_nothing_is_told,
    only_the_owner_sees_a_task,
    admins_list_anybodys_tasks,
    cursors_visit_every_task_once_in_order,
    tasks_are_passed_over_and_counted,
    an_empty_parameter_is_as_if_absent,
    a_status_narrows_the_list,
    a_cursor_is_good_for_its_own_list_only,
    what_is_no_list_is_refused,
    what_is_no_task_is_refused,
    an_id_that_is_none_names_nothing,
    changes_at_once_are_all_kept,
    deleting_a_user_deletes_their_tasks,
    a_task_made_while_the_account_goes_is_no_fault_of_ours,
);

const TASKS: &str = "/api/v1/tasks";

async fn create(app: &App, tokens: &Tokens, body: Value) -> Answer {
    app.send_as(&tokens.access, Method::POST, TASKS, body).await
}

/// Makes a task with this title, and returns its path.
async fn make(app: &App, tokens: &Tokens, title: &str) -> String {
    let answer = create(app, tokens, json!({"title": title})).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.header("location").to_owned()
}

async fn patch(app: &App, tokens: &Tokens, path: &str, body: Value) -> Answer {
    app.send_as(&tokens.access, Method::PATCH, path, body).await
}

async fn list(app: &App, tokens: &Tokens, query: &str) -> Answer {
    app.get(&format!("{TASKS}?{query}"), &tokens.access).await
}

fn titles(page: &Answer) -> Vec<String> {
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    let items = page.json()["items"].as_array().unwrap().clone();
    items.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

fn next_cursor(page: &Answer) -> String {
    page.json()["next_cursor"].as_str().unwrap().to_owned()
}

async fn a_task_lives_from_creation_to_deletion(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let made = create(&app, &ada, json!({"title": " Buy milk ", "description": "Two litres.\n"})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let mut task = made.json();
    let path = format!("{TASKS}/{}", task["id"].as_str().unwrap());
    assert_eq!(made.header("location"), path);
    let names = ["created_at", "description", "id", "status", "title", "updated_at"];
    assert_eq!(members(&task), names.into());
    assert_eq!(
        (&task["title"], &task["description"], &task["status"]),
        (&"Buy milk".into(), &"Two litres.\n".into(), &"todo".into())
    );
    assert_eq!(task["created_at"], task["updated_at"]);
    assert_eq!(task["id"].as_str().unwrap().as_bytes()[14], b'7', "a UUID of version 7");
    assert_eq!(app.get(&path, &ada.access).await.json(), task);

    let changed = patch(&app, &ada, &path, json!({"status": "done"})).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let changed = changed.json();
    assert_ne!(changed["updated_at"], task["updated_at"]);
    task["status"] = "done".into();
    task["updated_at"] = changed["updated_at"].clone();
    assert_eq!(changed, task);
    let page = list(&app, &ada, "").await.json();
    assert_eq!(page, json!({"items": [task], "next_cursor": null}));

    let deleted = app.delete(&path, &ada.access).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (StatusCode::NO_CONTENT, ""));
    app.get(&path, &ada.access).await.problem(404, "not_found");
    patch(&app, &ada, &path, json!({"status": "todo"})).await.problem(404, "not_found");
    app.delete(&path, &ada.access).await.problem(404, "not_found");
    assert_eq!(titles(&list(&app, &ada, "").await), Vec::<String>::new());
}

async fn a_task_is_kept_as_it_was_written(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    for (title, description) in [
        ("'; DROP TABLE tasks; --", json!("\t- one\r\n\t- two\n")),
        ("<script>買い物 👩‍🚀", json!("")),
        (&"é".repeat(200), json!("é".repeat(10_000))),
        ("x", Value::Null),
    ] {
        let made = create(&app, &ada, json!({"title": title, "description": description, "status": "doing"})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let task = app.get(made.header("location"), &ada.access).await.json();
        assert_eq!(
            (&task["title"], &task["description"], &task["status"]),
            (&title.into(), &description, &"doing".into())
        );
    }
}

async fn absent_stays_null_clears_and_a_value_is_set(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let made = create(&app, &ada, json!({"title": "One", "description": "Long."})).await;
    let path = made.header("location");
    let same = patch(&app, &ada, path, json!({})).await;
    assert_eq!((same.status, same.json()), (StatusCode::OK, made.json()));
    let task = patch(&app, &ada, path, json!({"title": "Two"})).await.json();
    assert_eq!((&task["title"], &task["description"]), (&"Two".into(), &"Long.".into()));
    let task = patch(&app, &ada, path, json!({"description": null})).await.json();
    assert_eq!((&task["title"], &task["description"]), (&"Two".into(), &Value::Null));
    for name in ["title", "status"] {
        let errors = patch(&app, &ada, path, json!({name: null})).await.problem(422, "validation_failed");
        assert_eq!(errors, [format!("{name}:wrong_type")]);
    }
    assert_eq!(app.get(path, &ada.access).await.json(), task);
}

async fn each_path_answers_with_a_slash_at_its_end(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let made = app.send_as(&ada.access, Method::POST, "/api/v1/tasks/", json!({"title": "One"})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(app.get("/api/v1/tasks/", &ada.access).await.json(), list(&app, &ada, "").await.json());
    let path = format!("{}/", made.header("location"));
    assert_eq!(app.get(&path, &ada.access).await.json(), made.json());
    assert_eq!(patch(&app, &ada, &path, json!({})).await.status, StatusCode::OK);
    assert_eq!(app.delete(&path, &ada.access).await.status, StatusCode::NO_CONTENT);
}

async fn without_a_token_nothing_is_told(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let path = make(&app, &ada, "One").await;
    for (method, path) in [
        (Method::POST, TASKS),
        (Method::GET, TASKS),
        (Method::GET, &path),
        (Method::PATCH, &path),
        (Method::PUT, &path),
        (Method::DELETE, &path),
        (Method::GET, "/api/v1/tasks/nonsense"),
    ] {
        send(app.request(method.clone(), path).json(&json!({"nope": 1}))).await.problem(401, "missing_token");
        let forged = app.request(method, path).bearer_auth("x.y.z").json(&json!({}));
        send(forged).await.problem(401, "invalid_token");
    }
}

async fn only_the_owner_sees_a_task(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let path = make(&app, &ada, "Ada's").await;
    let before = app.get(&path, &ada.access).await.json();
    for other in [app.sign_up("eve@example.com").await, app.admin("root@example.com").await] {
        let missing = format!("{TASKS}/01900000-0000-7000-8000-000000000000");
        for path in [&path, &missing] {
            app.get(path, &other.access).await.problem(404, "not_found");
            patch(&app, &other, path, json!({"title": "Mine"})).await.problem(404, "not_found");
            patch(&app, &other, path, json!({})).await.problem(404, "not_found");
            app.delete(path, &other.access).await.problem(404, "not_found");
        }
        assert_eq!(titles(&list(&app, &other, "").await), Vec::<String>::new());
    }
    assert_eq!(app.get(&path, &ada.access).await.json(), before);
}

async fn admins_list_anybodys_tasks(app: App) {
    let (ada, eve) = (app.sign_up("ada@example.com").await, app.sign_up("eve@example.com").await);
    let root = app.admin("root@example.com").await;
    make(&app, &ada, "Ada's").await;
    make(&app, &root, "Root's").await;
    let of = async |tokens: &Tokens| format!("owner_id={}", app.id(tokens).await);
    let of_ada = of(&ada).await;
    assert_eq!(titles(&list(&app, &root, &of_ada).await), ["Ada's"]);
    assert_eq!(titles(&list(&app, &ada, &of_ada).await), ["Ada's"]);
    list(&app, &eve, &of_ada).await.problem(403, "forbidden");
    list(&app, &ada, &of(&root).await).await.problem(403, "forbidden");
    assert_eq!(titles(&list(&app, &root, "").await), ["Root's"]);
    assert_eq!(titles(&list(&app, &root, &of(&eve).await).await), Vec::<String>::new());
    let nobody = "owner_id=01900000-0000-7000-8000-000000000000";
    assert_eq!(titles(&list(&app, &root, nobody).await), Vec::<String>::new());
    // To anyone but admins, users who exist and users who do not look alike.
    list(&app, &eve, nobody).await.problem(403, "forbidden");
}

async fn cursors_visit_every_task_once_in_order(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let expected: Vec<_> = (0..7).map(|number| format!("Task {number}")).collect();
    for title in &expected {
        make(&app, &ada, title).await;
    }
    // All of the same moment: their order is that of their ids.
    app.run_sql("UPDATE tasks SET created_at = (SELECT MIN(created_at) FROM tasks)").await;
    let all = list(&app, &ada, "").await;
    let ids: Vec<_> = all.json()["items"].as_array().unwrap().iter().map(|task| task["id"].to_string()).collect();
    assert!(ids.is_sorted() && ids.len() == 7, "{ids:?}");
    let (mut visited, mut page) = (Vec::new(), list(&app, &ada, "limit=3").await);
    loop {
        visited.extend(titles(&page));
        if page.json()["next_cursor"].is_null() {
            break;
        }
        page = list(&app, &ada, &format!("limit=3&cursor={}", next_cursor(&page))).await;
    }
    assert_eq!(visited, titles(&all));
    let exact = list(&app, &ada, "limit=7").await;
    assert!(exact.json()["next_cursor"].is_null());
    // What is made meanwhile comes at the end, and what is deleted is not missed.
    let first = list(&app, &ada, "limit=6").await;
    let last = first.json()["items"][5]["id"].as_str().unwrap().to_owned();
    app.delete(&format!("{TASKS}/{last}"), &ada.access).await;
    make(&app, &ada, "New").await;
    let rest = titles(&list(&app, &ada, &format!("cursor={}", next_cursor(&first))).await);
    assert_eq!(rest, [titles(&all)[6].as_str(), "New"]);
}

async fn tasks_are_passed_over_and_counted(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let all: Vec<_> = (0..7).map(|number| format!("Task {number}")).collect();
    for title in &all {
        make(&app, &ada, title).await;
    }
    for (query, expected) in [
        ("skip=0&limit=3", &all[..3]),
        ("skip=5&limit=3", &all[5..]),
        ("skip=7", &[]),
        ("page=2&size=3", &all[3..6]),
        ("page=3&size=3", &all[6..]),
        ("page=4&size=3", &[]),
    ] {
        let page = list(&app, &ada, &format!("status=todo&{query}")).await;
        assert_eq!(titles(&page), expected, "{query}");
        let page = page.json();
        assert_eq!((&page["total"], &page["next_cursor"]), (&7.into(), &Value::Null), "{query}");
        assert_eq!(page.get("pages"), query.starts_with("page").then_some(&3.into()), "{query}");
    }
    assert_eq!(list(&app, &ada, "count=true&limit=1").await.json()["total"], 7);
    assert_eq!(list(&app, &ada, "skip=0&status=done").await.json()["total"], 0);
}

async fn an_empty_parameter_is_as_if_absent(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    make(&app, &ada, "One").await;
    let all = list(&app, &ada, "").await.json();
    for query in ["status=&owner_id=&cursor=&limit=", "skip=&page=&size=&count=", "status&cursor"] {
        assert_eq!(list(&app, &ada, query).await.json(), all, "{query}");
    }
}

async fn a_status_narrows_the_list(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    for (title, status) in [("A", "todo"), ("B", "done"), ("C", "doing"), ("D", "done"), ("E", "todo")] {
        create(&app, &ada, json!({"title": title, "status": status})).await;
    }
    assert_eq!(titles(&list(&app, &ada, "status=todo").await), ["A", "E"]);
    assert_eq!(titles(&list(&app, &ada, "status=doing").await), ["C"]);
    let first = list(&app, &ada, "status=done&limit=1").await;
    let second = list(&app, &ada, &format!("status=done&limit=1&cursor={}", next_cursor(&first))).await;
    assert_eq!((titles(&first), titles(&second)), (vec!["B".to_owned()], vec!["D".to_owned()]));
    assert!(second.json()["next_cursor"].is_null());
}

async fn a_cursor_is_good_for_its_own_list_only(app: App) {
    let (ada, root) = (app.sign_up("ada@example.com").await, app.admin("root@example.com").await);
    for tokens in [&ada, &root] {
        for title in ["One", "Two"] {
            make(&app, tokens, title).await;
        }
    }
    let of_ada = format!("owner_id={}", app.id(&ada).await);
    let cursor = next_cursor(&list(&app, &ada, "limit=1").await);
    let follow = |query: &str| format!("{query}&cursor={cursor}");
    // The same list, asked for by another name or by an admin, goes on.
    assert_eq!(titles(&list(&app, &ada, &follow(&of_ada)).await), ["Two"]);
    assert_eq!(titles(&list(&app, &root, &follow(&of_ada)).await), ["Two"]);
    let users = app.get("/api/v1/users?limit=1", &root.access).await.json();
    let tampered = format!("{}A", &cursor[..cursor.len() - 1]);
    let elsewhere = format!("cursor={}", users["next_cursor"].as_str().unwrap());
    let refused = [
        (&root, follow("")),
        (&ada, follow("status=todo")),
        (&ada, elsewhere.clone()),
        (&root, elsewhere),
        (&ada, format!("cursor={tampered}")),
        (&ada, format!("cursor={}", "A".repeat(5_000))),
        (&ada, "cursor=%00".to_owned()),
    ];
    for (tokens, query) in refused {
        let errors = list(&app, tokens, &query).await.problem(422, "validation_failed");
        assert_eq!(errors, ["cursor:invalid_cursor"], "{query}");
    }
    let errors = app.get(&format!("/api/v1/users?cursor={cursor}"), &root.access).await;
    assert_eq!(errors.problem(422, "validation_failed"), ["cursor:invalid_cursor"]);
}

async fn what_is_no_list_is_refused(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let id = app.id(&ada).await;
    let (simple, braced) = (format!("owner_id={}", id.replace('-', "")), format!("owner_id=%7B{id}%7D"));
    let urn = format!("owner_id=urn:uuid:{id}");
    for (query, error) in [
        ("limit=0", "limit:out_of_range"),
        ("limit=101", "limit:out_of_range"),
        ("limit=1000000000", "limit:out_of_range"),
        ("limit=-1", "limit:out_of_range"),
        ("limit=%2B5", "limit:out_of_range"),
        ("skip=-1", "skip:out_of_range"),
        ("skip=1000001", "skip:out_of_range"),
        ("skip=1&cursor=x", "cursor:conflicting"),
        ("page=1&cursor=x", "cursor:conflicting"),
        ("page=1&skip=0", "skip:conflicting"),
        ("size=1&limit=1", "limit:conflicting"),
        ("page=0", "page:out_of_range"),
        ("limit=99999999999999999999999", "limit:out_of_range"),
        ("status=late", "status:unknown_status"),
        ("status=TODO", "status:unknown_status"),
        ("owner_id=me", "owner_id:invalid_id"),
        (&urn, "owner_id:invalid_id"),
        (&simple, "owner_id:invalid_id"),
        (&braced, "owner_id:invalid_id"),
        ("owner_id=%27%20OR%201=1", "owner_id:invalid_id"),
        ("sort=title", "sort:unknown_field"),
        ("limit=1&limit=2", "limit:duplicate_field"),
        ("status=todo&status=todo", "status:duplicate_field"),
    ] {
        let errors = list(&app, &ada, query).await.problem(422, "validation_failed");
        assert_eq!(errors, [error], "{query}");
    }
    list(&app, &ada, "status=%ff").await.problem(400, "bad_request");
}

async fn what_is_no_task_is_refused(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let path = make(&app, &ada, "One").await;
    let before = app.get(&path, &ada.access).await.json();
    let faults = [
        (json!({"title": ""}), "title:too_short"),
        (json!({"title": " \t"}), "title:too_short"),
        (json!({"title": "é".repeat(201)}), "title:too_long"),
        (json!({"title": "a\u{0}b"}), "title:control_character"),
        (json!({"title": "a\nb"}), "title:control_character"),
        (json!({"title": 1}), "title:wrong_type"),
        (json!({"title": ["x"]}), "title:wrong_type"),
        (json!({"title": "x", "description": "é".repeat(10_001)}), "description:too_long"),
        (json!({"title": "x", "description": "\u{0}"}), "description:control_character"),
        (json!({"title": "x", "description": {}}), "description:wrong_type"),
        (json!({"title": "x", "status": "late"}), "status:unknown_status"),
        (json!({"title": "x", "status": 1}), "status:wrong_type"),
        (json!({"title": "x", "owner_id": "x"}), "owner_id:unknown_field"),
    ];
    for (body, error) in faults {
        for answer in [create(&app, &ada, body.clone()).await, patch(&app, &ada, &path, body.clone()).await] {
            assert_eq!(answer.problem(422, "validation_failed"), [error], "{body}");
        }
    }
    for name in ["id", "created_at"] {
        let errors = create(&app, &ada, json!({"title": "x", name: "x"})).await.problem(422, "validation_failed");
        assert_eq!(errors, [format!("{name}:unknown_field")]);
    }
    assert_eq!(create(&app, &ada, json!({})).await.problem(422, "validation_failed"), ["title:required"]);
    for (body, status, code) in [("{", 400, "malformed_body"), ("[]", 422, "validation_failed")] {
        for (method, path) in [(Method::POST, TASKS), (Method::PATCH, path.as_str())] {
            let request = app.request(method, path).bearer_auth(&ada.access);
            send(request.header("content-type", "application/json").body(body)).await.problem(status, code);
        }
    }
    let twice = app.request(Method::POST, TASKS).bearer_auth(&ada.access).header("content-type", "application/json");
    let errors = send(twice.body(r#"{"title":"a","title":"b"}"#)).await.problem(422, "validation_failed");
    assert_eq!(errors, ["title:duplicate_field"]);
    let plain = app.request(Method::POST, TASKS).bearer_auth(&ada.access).body("title=x");
    send(plain).await.problem(415, "unsupported_media_type");
    assert_eq!(app.get(&path, &ada.access).await.json(), before);
    assert_eq!(titles(&list(&app, &ada, "").await), ["One"]);
}

async fn an_id_that_is_none_names_nothing(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let path = make(&app, &ada, "One").await;
    let id = path.strip_prefix("/api/v1/tasks/").unwrap();
    for id in ["1", "nonsense", "%00", "%ff", &id.replace('-', ""), &format!("{id}0")] {
        let path = format!("{TASKS}/{id}");
        app.get(&path, &ada.access).await.problem(404, "not_found");
        patch(&app, &ada, &path, json!({})).await.problem(404, "not_found");
        app.delete(&path, &ada.access).await.problem(404, "not_found");
    }
}

async fn changes_at_once_are_all_kept(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let path = make(&app, &ada, "One").await;
    for round in 0..10 {
        let (title, description) = (format!("Title {round}"), format!("Description {round}"));
        let status = ["doing", "done"][round % 2];
        let answers = tokio::join!(
            patch(&app, &ada, &path, json!({"title": title})),
            patch(&app, &ada, &path, json!({"description": description})),
            patch(&app, &ada, &path, json!({"status": status})),
        );
        for answer in [&answers.0, &answers.1, &answers.2] {
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        }
        let task = app.get(&path, &ada.access).await.json();
        assert_eq!(
            (&task["title"], &task["description"], &task["status"]),
            (&title.into(), &description.into(), &status.into())
        );
    }
}

async fn deleting_a_user_deletes_their_tasks(app: App) {
    let (ada, root) = (app.sign_up("ada@example.com").await, app.admin("root@example.com").await);
    make(&app, &ada, "Ada's").await;
    make(&app, &root, "Root's").await;
    let id = app.id(&ada).await;
    let of_ada = format!("owner_id={id}");
    assert_eq!(titles(&list(&app, &root, &of_ada).await), ["Ada's"]);
    let deleted = app.delete(&format!("/api/v1/users/{id}"), &root.access).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(titles(&list(&app, &root, &of_ada).await), Vec::<String>::new());
    assert_eq!(titles(&list(&app, &root, "").await), ["Root's"]);
    create(&app, &ada, json!({"title": "Late"})).await.problem(401, "invalid_token");
}

async fn a_task_made_while_the_account_goes_is_no_fault_of_ours(app: App) {
    for round in 0..5 {
        let ada = app.sign_up(&format!("ada{round}@example.com")).await;
        let (one, deleted, two) = tokio::join!(
            create(&app, &ada, json!({"title": "One"})),
            app.delete_me(&ada.access),
            create(&app, &ada, json!({"title": "Two"})),
        );
        assert_eq!(deleted.status, StatusCode::NO_CONTENT);
        for answer in [one, two] {
            if answer.status != StatusCode::CREATED {
                answer.problem(401, "invalid_token");
            }
        }
    }
}
