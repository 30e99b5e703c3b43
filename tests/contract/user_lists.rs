//! The lists of [`domain::users::UserRepository`].

use std::cmp::Ordering;

use domain::users::{
    Direction, Role, SearchText, SortKey, User, UserFilter, UserId, UserPosition, UserQuery, UserSort, UserSortField,
};
use tests::{TestDatabase, on_each_database_and_pgbouncer};

use crate::fixtures::{Stored, admin, assert_same_user, at, called, email, full_user, named, user, user_id};

on_each_database_and_pgbouncer!(
    the_order_is_the_same_on_every_database,
    paging_visits_each_user_once_and_in_order,
    pages_can_be_passed_over,
    a_limit_of_none_lists_nobody,
    listed_users_are_whole,
    a_search_finds_the_start_of_the_email_in_any_case,
    a_search_finds_the_start_of_the_username_in_any_case,
    a_search_finds_the_start_of_each_word_of_the_full_name_in_any_case,
    a_search_finds_a_name_whose_case_depends_on_the_place_in_the_word,
    a_search_finds_names_however_their_letters_are_made,
    a_search_finds_the_parts_of_a_double_name,
    a_search_finds_the_domain_as_its_owner_writes_it,
    a_search_is_taken_literally,
    a_search_is_paged_in_every_order,
    every_part_of_a_filter_counts,
);

const SORTS: [UserSort; 6] = {
    use Direction::{Ascending, Descending};
    use UserSortField::{CreatedAt, Email, LastLogin};
    [
        UserSort { field: CreatedAt, direction: Ascending },
        UserSort { field: CreatedAt, direction: Descending },
        UserSort { field: Email, direction: Ascending },
        UserSort { field: Email, direction: Descending },
        UserSort { field: LastLogin, direction: Ascending },
        UserSort { field: LastLogin, direction: Descending },
    ]
};

fn query(filter: UserFilter, sort: UserSort) -> UserQuery {
    UserQuery { filter, sort, after: None, offset: 0, limit: 1000 }
}

fn ids(users: &[User]) -> Vec<UserId> {
    users.iter().map(|user| user.id).collect()
}

/// Fifty users with many ties, and with emails that languages sort otherwise than bytes.
fn a_crowd() -> Vec<User> {
    let locals = ["b", "B-a", "a_z", "a-z", "a.z", "az", "A+z", "a1", "a10", "a2"];
    (0..50u8)
        .map(|n| User {
            // Ids that are in no order of anything else.
            id: user_id(u128::from(n.wrapping_mul(151)) << 120 | 1),
            email: email(&format!(
                "{}{}@example.com",
                locals[usize::from(n % 10)],
                ["", "~", "-", "_x", "X"][usize::from(n / 10)]
            )),
            created_at: at(i64::from(n % 4)),
            last_login: (n % 3 != 0).then(|| at(i64::from(n % 5))),
            ..user(u128::from(n))
        })
        .collect()
}

fn compare(a: &User, b: &User, sort: UserSort) -> Ordering {
    let by_key = match sort.field {
        UserSortField::CreatedAt => a.created_at.cmp(&b.created_at),
        UserSortField::Email => a.email.key().as_bytes().cmp(b.email.key().as_bytes()),
        // `None` is the smallest `Option`.
        UserSortField::LastLogin => a.last_login.cmp(&b.last_login),
    };
    let ascending = by_key.then(a.id.as_uuid().as_bytes().cmp(b.id.as_uuid().as_bytes()));
    match sort.direction {
        Direction::Ascending => ascending,
        Direction::Descending => ascending.reverse(),
    }
}

fn sorted(mut users: Vec<User>, sort: UserSort) -> Vec<User> {
    users.sort_by(|a, b| compare(a, b, sort));
    users
}

fn position(user: &User, sort: UserSort) -> UserPosition {
    let key = match sort.field {
        UserSortField::CreatedAt => SortKey::CreatedAt(user.created_at),
        UserSortField::Email => SortKey::Email(user.email.key().to_owned()),
        UserSortField::LastLogin => SortKey::LastLogin(user.last_login),
    };
    UserPosition { key, id: user.id }
}

async fn the_order_is_the_same_on_every_database(db: TestDatabase) {
    db.insert_users(&a_crowd()).await;
    for sort in SORTS {
        let listed = db.users.list(&query(UserFilter::default(), sort)).await.unwrap();
        assert_eq!(ids(&listed), ids(&sorted(a_crowd(), sort)), "{sort:?}");
    }
}

async fn paging_visits_each_user_once_and_in_order(db: TestDatabase) {
    db.insert_users(&a_crowd()).await;
    for sort in SORTS {
        let visited = visited(&db, query(UserFilter::default(), sort)).await;
        assert_eq!(visited, ids(&sorted(a_crowd(), sort)), "{sort:?}");
    }
}

/// Whom one meets page by page.
async fn visited(db: &TestDatabase, query: UserQuery) -> Vec<UserId> {
    let mut visited = Vec::new();
    let mut page = UserQuery { limit: 7, ..query };
    while let Some(last) = {
        let users = db.users.list(&page).await.unwrap();
        assert!(users.len() <= 7);
        visited.extend(ids(&users));
        users.last().cloned()
    } {
        page.after = Some(position(&last, page.sort));
    }
    visited
}

async fn pages_can_be_passed_over(db: TestDatabase) {
    db.insert_users(&a_crowd()).await;
    for sort in SORTS {
        let page = UserQuery { offset: 45, limit: 7, ..query(UserFilter::default(), sort) };
        assert_eq!(ids(&db.users.list(&page).await.unwrap()), ids(&sorted(a_crowd(), sort)[45..]));
        let all = sorted(a_crowd(), sort);
        let behind = UserQuery { after: Some(position(&all[9], sort)), offset: 5, limit: 3, ..page };
        assert_eq!(ids(&db.users.list(&behind).await.unwrap()), ids(&all[15..18]));
    }
}

async fn a_limit_of_none_lists_nobody(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let nobody = UserQuery { limit: 0, ..query(UserFilter::default(), SORTS[0]) };
    assert_eq!(db.users.list(&nobody).await.unwrap(), []);
}

async fn listed_users_are_whole(db: TestDatabase) {
    let users = [user(1), full_user(2)];
    db.insert_users(&users).await;
    let listed = db.users.list(&query(UserFilter::default(), SORTS[0])).await.unwrap();
    assert_eq!(listed.len(), users.len());
    for (found, expected) in listed.iter().zip(&users) {
        assert_same_user(found, expected);
    }
}

/// Whom a search lists, having seen that as many are counted.
async fn search(db: &TestDatabase, q: &str) -> Vec<u128> {
    let filter = UserFilter { q: Some(SearchText::parse(q).unwrap()), ..UserFilter::default() };
    let found = db.users.list(&query(filter.clone(), SORTS[0])).await;
    let found = found.unwrap_or_else(|error| panic!("the search for {q:?} failed: {error:?}"));
    assert_eq!(db.users.count(&filter).await.unwrap(), found.len() as u64, "{q:?}");
    found.iter().map(|user| user.id.as_uuid().as_u128()).collect()
}

/// Each of these searches, and whom it must find.
async fn assert_searches(db: &TestDatabase, searches: &[(&str, &[u128])]) {
    for (q, expected) in searches {
        assert_eq!(search(db, q).await, *expected, "the search for {q:?}");
    }
}

async fn a_search_finds_the_start_of_the_email_in_any_case(db: TestDatabase) {
    let with = |number, text| User { email: email(text), ..user(number) };
    db.insert_users(&[with(1, "Ada@example.com"), with(2, "adam@example.com"), with(3, "bada@example.com")]).await;
    assert_searches(
        &db,
        &[("aDA", &[1, 2]), ("ADAM@Exa", &[2]), ("ada@EXAMPLE.com", &[1]), ("dam", &[]), ("example", &[])],
    )
    .await;
}

async fn a_search_finds_the_start_of_the_username_in_any_case(db: TestDatabase) {
    let with = |number, text| called(text, user(number));
    db.insert_users(&[with(1, "countess"), with(2, "count_dooku"), with(3, "discount")]).await;
    assert_searches(&db, &[("COUNT", &[1, 2]), ("count_", &[2]), ("countess", &[1]), ("ess", &[])]).await;
}

async fn a_search_finds_the_start_of_each_word_of_the_full_name_in_any_case(db: TestDatabase) {
    let users = [
        named(1, "Ada King Lovelace"),
        named(2, "Émile ÅNGSTRÖM"),
        named(3, "Юлия Иванова"),
        named(4, "Ayşe İnan"),
        named(5, "山田 太郎"),
    ];
    db.insert_users(&users).await;
    assert_searches(
        &db,
        &[
            ("ADA", &[1]),
            ("king", &[1]),
            ("LOVE", &[1]),
            ("king love", &[1]),
            ("ada love", &[]),
            ("lace", &[]),
            ("éMILE", &[2]),
            ("ångström", &[2]),
            ("ÅNG", &[2]),
            ("юлия", &[3]),
            ("ИВАН", &[3]),
            ("İNAN", &[4]),
            ("AYŞ", &[4]),
            ("太", &[5]),
            ("  KING  ", &[1]),
            ("king\u{a0}love", &[1]),
            ("king  love", &[1]),
        ],
    )
    .await;
}

async fn a_search_finds_a_name_whose_case_depends_on_the_place_in_the_word(db: TestDatabase) {
    db.insert_users(&[named(1, "Σίσυφος Αἰόλου")]).await;
    assert_searches(&db, &[("Σ", &[1]), ("σίσ", &[1]), ("ΣΊΣ", &[1]), ("ΣΊΣΥΦΟΣ", &[1]), ("σίσυφος", &[1])]).await;
}

async fn a_search_finds_names_however_their_letters_are_made(db: TestDatabase) {
    let users = [named(1, "Zoe\u{308} Weiß"), named(2, "Işıl İnan"), named(3, "می\u{200c}خواهم"), named(4, "한글")];
    db.insert_users(&users).await;
    assert_searches(
        &db,
        &[
            ("zoë", &[1]),
            ("ZOE\u{308}", &[1]),
            ("WEISS", &[1]),
            ("weiß", &[1]),
            ("inan", &[2]),
            ("İNAN", &[2]),
            ("i\u{307}nan", &[2]),
            ("IŞIL", &[2]),
            ("میخواهم", &[3]),
            ("\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}", &[4]),
        ],
    )
    .await;
}

async fn a_search_finds_the_parts_of_a_double_name(db: TestDatabase) {
    let users = [
        named(1, "Anna-Maria Smith\u{2011}Jones"),
        named(2, "Vincent van der Berg"),
        named(3, "O'Neill"),
        named(4, "O\u{2019}Neill (Shaq)"),
        named(5, "King, Ada"),
    ];
    db.insert_users(&users).await;
    assert_searches(
        &db,
        &[
            ("maria", &[1]),
            ("anna-maria", &[1]),
            ("Anna Maria", &[1]),
            ("-maria", &[1]),
            ("smith-jones", &[1]),
            ("jon", &[1]),
            ("berg", &[2]),
            ("VAN DER B", &[2]),
            ("neill", &[3, 4]),
            ("o'neill", &[3, 4]),
            ("O\u{2019}Ne", &[3, 4]),
            ("shaq", &[4]),
            ("king ada", &[5]),
            ("-", &[]),
        ],
    )
    .await;
}

async fn a_search_finds_the_domain_as_its_owner_writes_it(db: TestDatabase) {
    let with = |number, text| User { email: email(text), ..user(number) };
    let users = [with(1, "ada@müller.example"), with(2, "bob@MULLER.example"), with(3, "eve@mail.müller.example")];
    db.insert_users(&users).await;
    assert_searches(
        &db,
        &[
            ("müller.example", &[1]),
            ("MÜLLER.exam", &[1]),
            ("@mu\u{308}ller.example", &[1]),
            ("ada@müller.example", &[1]),
            ("ada@müller.e", &[1]),
            ("xn--mller-kva.example", &[1]),
            ("@xn--mller", &[1]),
            ("@muller", &[2]),
            ("muller.example", &[2]),
            ("mail.müller", &[3]),
            ("@m", &[2, 3]),
            ("muller", &[]),
            ("@", &[]),
            ("uller.example", &[]),
            ("eve@müller.example", &[]),
        ],
    )
    .await;
}

async fn a_search_is_taken_literally(db: TestDatabase) {
    let users = [
        named(1, "100% sure"),
        named(2, "1000 words"),
        named(3, "a_b"),
        named(4, "axb"),
        named(5, "back\\slash"),
        named(6, "O'Brien"),
        named(7, "%"),
        named(8, "\\% \\_ [a]* ?"),
    ];
    db.insert_users(&users).await;
    assert_searches(
        &db,
        &[
            ("100%", &[1]),
            ("100", &[1, 2]),
            ("%", &[7]),
            ("_", &[]),
            ("a_", &[3]),
            ("axb", &[4]),
            ("back\\", &[5]),
            ("back\\\\", &[]),
            ("\\", &[8]),
            ("\\%", &[8]),
            ("\\_", &[8]),
            ("o'", &[6]),
            ("'", &[]),
            ("' OR 1=1 --", &[]),
            ("a' & 'b", &[]),
            ("ada:*", &[]),
            ("!ada | sure", &[]),
            ("\\' \\", &[]),
            ("back\\slash' x", &[]),
            ("[a]*", &[8]),
            ("*", &[]),
            ("?", &[8]),
            ("$1", &[]),
            ("\u{1F980}", &[]),
            ("\u{FFFF}", &[]),
        ],
    )
    .await;
}

async fn a_search_is_paged_in_every_order(db: TestDatabase) {
    db.insert_users(&a_crowd()).await;
    let filter = UserFilter { q: Some(SearchText::parse("A").unwrap()), ..UserFilter::default() };
    for sort in SORTS {
        let expected: Vec<_> =
            sorted(a_crowd(), sort).into_iter().filter(|user| user.email.key().starts_with('a')).collect();
        assert_eq!(visited(&db, query(filter.clone(), sort)).await, ids(&expected), "{sort:?}");
        let numbered = UserQuery { offset: 30, limit: 7, ..query(filter.clone(), sort) };
        assert_eq!(ids(&db.users.list(&numbered).await.unwrap()), ids(&expected[30..37]));
    }
}

async fn every_part_of_a_filter_counts(db: TestDatabase) {
    let disabled = |user: User| User { is_active: false, ..user };
    let users =
        [admin(1), disabled(admin(2)), user(3), disabled(user(4)), User { role: Role::Admin, ..named(5, "Ada") }];
    db.insert_users(&users).await;
    let filter =
        |q: Option<&str>, role, is_active| UserFilter { q: q.map(|q| SearchText::parse(q).unwrap()), role, is_active };
    let cases: [(UserFilter, &[u128]); 8] = [
        (filter(None, None, None), &[1, 2, 3, 4, 5]),
        (filter(None, Some(Role::Admin), None), &[1, 2, 5]),
        (filter(None, Some(Role::User), None), &[3, 4]),
        (filter(None, None, Some(true)), &[1, 3, 5]),
        (filter(None, None, Some(false)), &[2, 4]),
        (filter(None, Some(Role::Admin), Some(true)), &[1, 5]),
        (filter(Some("ada"), Some(Role::Admin), Some(true)), &[5]),
        (filter(Some("ada"), Some(Role::User), None), &[]),
    ];
    for (filter, expected) in cases {
        let expected: Vec<_> = expected.iter().copied().map(user_id).collect();
        assert_eq!(ids(&db.users.list(&query(filter.clone(), SORTS[0])).await.unwrap()), expected, "{filter:?}");
        assert_eq!(db.users.count(&filter).await.unwrap(), expected.len() as u64, "{filter:?}");
    }
}
