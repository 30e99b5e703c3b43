use reqwest::{Method, StatusCode};
use serde_json::Value;
use tests::client::{Client, EMAIL, PASSWORD};
use tests::process::{Finished, Workplace, example};

const ADMIN: &str = "grace@example.com";

fn run(workplace: &Workplace, arguments: &[&str], password: &str) -> Finished {
    workplace.run_program(example("cli"), arguments, &format!("{password}\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn registers_and_changes_roles_in_the_file_of_a_server() {
    let workplace = Workplace::default().with_file("data/hexauth.secret", "q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa\n");
    let said = run(&workplace, &["register", EMAIL], PASSWORD).success();
    assert!(said.starts_with(&format!("registered {EMAIL}")), "{said}");
    run(&workplace, &["register", ADMIN, "--admin"], PASSWORD).success();

    let node = workplace.serve().await;
    let client = Client::of(&node);
    let before = client.sign_in(EMAIL).await.access;
    assert_eq!(client.send(Method::GET, "/users", Some(&before), None).await.status(), StatusCode::FORBIDDEN);

    let promote = ["set-role", EMAIL, "admin", "--by", ADMIN];
    let said = run(&workplace, &promote, PASSWORD).success();
    assert_eq!(said, format!("{EMAIL} is now admin\n"));
    let after = client.sign_in(EMAIL).await.access;
    assert_eq!(client.send(Method::GET, "/users", Some(&after), None).await.status(), StatusCode::OK);
    let me: Value = client.me(&after).await.json().await.unwrap();
    assert_eq!(me["role"], "admin");
    // The server hears of it within a second, as from another node: the token with the old role is void.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while client.verify(&before).await != StatusCode::UNAUTHORIZED {
        assert!(std::time::Instant::now() < deadline, "the old token still counts");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[test]
fn the_rules_are_those_of_the_use_cases() {
    let workplace = Workplace::default().with_file("data/hexauth.secret", "q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa\n");
    run(&workplace, &["register", ADMIN, "--admin"], PASSWORD).success();
    run(&workplace, &["register", EMAIL], PASSWORD).success();
    let refused: [(&[&str], &str); 6] = [
        (&["register", EMAIL], PASSWORD),
        (&["register", "nobody"], PASSWORD),
        (&["register", "new@example.com"], "short"),
        (&["set-role", EMAIL, "admin", "--by", EMAIL], PASSWORD),
        (&["set-role", EMAIL, "admin", "--by", ADMIN], "a wrong password"),
        (&["set-role", ADMIN, "user", "--by", ADMIN], PASSWORD),
    ];
    for (arguments, password) in refused {
        let finished = run(&workplace, arguments, password);
        assert_eq!((finished.code(), finished.stdout.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(!finished.stderr.contains(password), "{}", finished.stderr);
    }
}

#[test]
fn without_a_secret_it_says_where_it_looked() {
    let finished = run(&Workplace::default(), &["register", EMAIL], PASSWORD);
    assert_eq!(finished.code(), Some(1));
    assert!(finished.stderr.contains("data/hexauth.secret"), "{}", finished.stderr);
}
