use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use tests::on_each_database;

use crate::app::App;

on_each_database!(
    cursors_visit_everybody_once_in_order,
    page_numbers_come_with_totals,
    what_is_skipped_is_passed_over,
    an_empty_parameter_is_as_if_absent,
    filters_and_searches_narrow_the_list,
    what_is_no_list_is_refused,
    a_cursor_that_a_client_wrote_is_read_like_all_input,
);

const NAMES: [&str; 7] = ["carol", "alice", "Bob", "dave", "eve", "frank", "grace"];

async fn populated(app: &App) -> String {
    let admin = app.admin("root@example.com").await;
    for name in NAMES {
        app.register(&format!("{name}@example.com")).await;
    }
    app.sign_in("eve@example.com").await;
    admin.access
}

fn emails(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_lowercase()).collect()
}

async fn cursors_visit_everybody_once_in_order(app: App) {
    let token = populated(&app).await;
    for sort in ["created_at", "-created_at", "email", "-email", "last_login", "-last_login"] {
        let all = app.get(&format!("/api/v1/users?sort={sort}"), &token).await.json();
        assert!(all["next_cursor"].is_null() && all.get("total").is_none());
        let (mut visited, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app.get(&format!("/api/v1/users?sort={sort}&limit=3{cursor}"), &token).await.json();
            visited.extend(emails(&page));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(visited, emails(&all), "{sort}");
        assert_eq!(visited.len(), NAMES.len() + 1);
    }
    let by_email = emails(&app.get("/api/v1/users?sort=email", &token).await.json());
    assert!(by_email.is_sorted(), "{by_email:?}");
    let by_login = emails(&app.get("/api/v1/users?sort=-last_login", &token).await.json());
    assert_eq!(by_login[..2], ["eve@example.com", "root@example.com"]);
}

async fn page_numbers_come_with_totals(app: App) {
    let token = populated(&app).await;
    let page = app.get("/api/v1/users?sort=email&page=2&size=3", &token).await.json();
    assert_eq!(emails(&page), ["dave@example.com", "eve@example.com", "frank@example.com"]);
    let numbers = ["total", "page", "size", "pages"].map(|name| page[name].as_u64().unwrap());
    assert_eq!(numbers, [8, 2, 3, 3]);
    for beyond in ["page=9&size=3", "page=10000&size=100"] {
        let beyond = app.get(&format!("/api/v1/users?{beyond}"), &token).await.json();
        assert!(emails(&beyond).is_empty());
        assert_eq!(beyond["total"], 8);
    }
    let counted = app.get("/api/v1/users?limit=1&count=true", &token).await.json();
    assert_eq!((counted["total"].as_u64(), emails(&counted).len()), (Some(8), 1));
}

async fn what_is_skipped_is_passed_over(app: App) {
    let token = populated(&app).await;
    let all = emails(&app.get("/api/v1/users?sort=email", &token).await.json());
    for (query, expected) in [
        ("skip=0&limit=3", &all[..3]),
        ("skip=3&limit=3", &all[3..6]),
        ("skip=6&limit=3", &all[6..]),
        ("skip=2", &all[2..]),
        ("skip=8&limit=3", &[]),
        ("skip=1000000&limit=100", &[]),
        ("skip=1&limit=2&count=false", &all[1..3]),
    ] {
        let page = app.get(&format!("/api/v1/users?sort=email&{query}"), &token).await.json();
        assert_eq!(emails(&page), expected, "{query}");
        assert_eq!((&page["total"], &page["next_cursor"]), (&8.into(), &Value::Null), "{query}");
        assert!(page.get("page").is_none() && page.get("pages").is_none());
    }
    let page = app.get("/api/v1/users?skip=3&limit=3&q=e&sort=email", &token).await.json();
    assert_eq!((&page["skip"], &page["limit"], &page["total"]), (&3.into(), &3.into(), &1.into()));
}

async fn an_empty_parameter_is_as_if_absent(app: App) {
    let token = populated(&app).await;
    let all = app.get("/api/v1/users?sort=email", &token).await.json();
    for query in
        ["q=&cursor=", "q=&role=&is_active=&limit=&cursor=&count=&page=&size=&skip=", "cursor&q", "q=&q=", "&&="]
    {
        let page = app.get(&format!("/api/v1/users?sort=email&{query}"), &token).await;
        assert_eq!(page.json(), all, "{query}");
    }
    let by_number = app.get("/api/v1/users?sort=&page=1&size=&cursor=&limit=&skip=", &token).await.json();
    assert_eq!(by_number["size"], 20);
    let found = app.get("/api/v1/users?q=&q=bo", &token).await.json();
    assert_eq!(emails(&found), ["bob@example.com"]);
}

async fn filters_and_searches_narrow_the_list(app: App) {
    let token = populated(&app).await;
    let list = async |query: &str| emails(&app.get(&format!("/api/v1/users?{query}"), &token).await.json());
    assert_eq!(list("role=admin").await, ["root@example.com"]);
    assert_eq!(list("is_active=false").await, Vec::<String>::new());
    assert_eq!(list("q=BO").await, ["bob@example.com"]);
    assert_eq!(list("q=%25").await, Vec::<String>::new());
    assert_eq!(list("q=_lice").await, Vec::<String>::new());
    assert_eq!(list("q=%27%20OR%201=1%20--").await, Vec::<String>::new());
}

async fn what_is_no_list_is_refused(app: App) {
    let token = populated(&app).await;
    let cursor = app.get("/api/v1/users?limit=1", &token).await.json()["next_cursor"].as_str().unwrap().to_owned();
    let tampered = format!("cursor={}A", &cursor[..cursor.len() - 1]);
    let long = format!("q={}", "%C3%A9".repeat(101));
    let elsewhere = format!("sort=email&cursor={cursor}");
    let filtered = format!("role=user&cursor={cursor}");
    for (query, error) in [
        ("limit=0", "limit:out_of_range"),
        ("limit=101", "limit:out_of_range"),
        ("limit=1000000000", "limit:out_of_range"),
        ("limit=-1", "limit:out_of_range"),
        ("limit=%2B1", "limit:out_of_range"),
        ("limit=99999999999999999999999", "limit:out_of_range"),
        ("size=0", "size:out_of_range"),
        ("size=1000000000", "size:out_of_range"),
        ("page=10001", "page:out_of_range"),
        ("page=18446744073709551615&size=100", "page:out_of_range"),
        ("page=0", "page:out_of_range"),
        ("page=1&cursor=x", "cursor:conflicting"),
        ("size=5&cursor=x", "cursor:conflicting"),
        ("page=1&limit=5", "limit:conflicting"),
        ("page=1&skip=5", "skip:conflicting"),
        ("size=5&skip=0", "skip:conflicting"),
        ("skip=5&cursor=x", "cursor:conflicting"),
        ("skip=-1", "skip:out_of_range"),
        ("skip=%2B1", "skip:out_of_range"),
        ("skip=%205", "skip:out_of_range"),
        ("skip=1.0", "skip:out_of_range"),
        ("skip=%EF%BC%95", "skip:out_of_range"),
        ("skip=1000001", "skip:out_of_range"),
        ("skip=99999999999999999999999", "skip:out_of_range"),
        ("skip=1&skip=2", "skip:duplicate_field"),
        ("limit=%205", "limit:out_of_range"),
        ("is_active=TRUE", "is_active:wrong_type"),
        ("is_active=%20true", "is_active:wrong_type"),
        ("sort=password_hash", "sort:unknown_sort"),
        ("role=king", "role:unknown_role"),
        ("is_active=1", "is_active:wrong_type"),
        ("q=%20%E3%80%80", "q:invalid_search"),
        ("q=%00", "q:invalid_search"),
        ("q=a%00b", "q:invalid_search"),
        ("q=a%0Ab", "q:invalid_search"),
        (&long, "q:invalid_search"),
        ("count=yes", "count:wrong_type"),
        ("q=a&q=b", "q:duplicate_field"),
        ("nope=1", "nope:unknown_field"),
        ("limit=1&limit=2", "limit:duplicate_field"),
        ("cursor=%00", "cursor:invalid_cursor"),
        ("cursor=garbage", "cursor:invalid_cursor"),
        (&tampered, "cursor:invalid_cursor"),
        (&elsewhere, "cursor:invalid_cursor"),
        (&filtered, "cursor:invalid_cursor"),
    ] {
        let errors = app.get(&format!("/api/v1/users?{query}"), &token).await.problem(422, "validation_failed");
        assert_eq!(errors, [error], "{query}");
    }
    app.get("/api/v1/users?q=%ff", &token).await.problem(400, "bad_request");
}

async fn a_cursor_that_a_client_wrote_is_read_like_all_input(app: App) {
    let token = populated(&app).await;
    app.register("eva@example.com").await;
    let follow = async |list: &str, bytes: &[u8]| {
        let cursor = BASE64URL_NOPAD.encode(bytes);
        app.get(&format!("/api/v1/users?{list}&limit=2&cursor={cursor}"), &token).await
    };
    let (leap_second, years) =
        ("9999-12-31T23:59:60.999999Z", ["0000-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"]);
    for list in ["", "q=e&"] {
        for (order, key, expected) in [
            ("sort=email", "bo@example.com", 200),
            ("sort=email", "bo\0@example.com", 422),
            ("sort=email", "", 422),
            ("sort=email", "no email", 200),
            ("sort=-created_at", years[0], 200),
            ("sort=-created_at", years[1], 200),
            ("sort=created_at", years[0], 200),
            ("sort=created_at", leap_second, 200),
            ("sort=created_at", "infinity", 422),
            ("sort=last_login", "", 200),
            ("sort=last_login", years[0], 200),
            ("sort=-last_login", years[1], 200),
            ("sort=-last_login", leap_second, 200),
            ("sort=last_login", "-infinity", 422),
        ] {
            let list = format!("{list}{order}");
            let first = app.get(&format!("/api/v1/users?{list}&limit=1"), &token).await.json();
            let genuine = BASE64URL_NOPAD.decode(first["next_cursor"].as_str().unwrap().as_bytes()).unwrap();
            // Version, digest and id stay.
            let answer = follow(&list, &[&genuine[..25], key.as_bytes()].concat()).await;
            assert_eq!(answer.status, expected, "{list} {key:?}");
        }
    }
}
