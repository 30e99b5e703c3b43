//! A new password by mail. The mails are files in a folder of the test.

use std::fs;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::on_each_database;
use tokio::time::sleep;

use crate::app::{Answer, App, PASSWORD};

on_each_database!(
    whoever_forgot_their_password_gets_another_by_the_link,
    whoever_forgot_their_password_gets_another_by_the_code,
    nobody_can_tell_whether_an_address_is_known,
    of_many_who_use_one_token_one_sets_the_password,
    a_code_can_be_tried_five_times_and_the_link_goes_on,
    another_mail_voids_the_code_of_the_first_and_not_its_link,
    a_new_password_voids_what_was_mailed_before,
    an_address_gets_three_mails_an_hour,
);

const NEW: &str = "staple battery horse correct";
pub(crate) const CONFIRM: &str = "/api/v1/auth/password-reset/confirm";

/// A server whose mails can be read.
pub(crate) struct Post {
    pub(crate) app: App,
    folder: TempDir,
}

impl Post {
    /// The same database, and mail.
    pub(crate) async fn of(app: App) -> Self {
        Self::with(app, &[]).await
    }

    /// Likewise, with these settings besides.
    pub(crate) async fn with(app: App, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        let to_files = [("APP_MAIL__TRANSPORT", "file"), ("APP_MAIL__FOLDER", &*path)];
        let node = app.another_node(&[&to_files, settings].concat()).await;
        // The first node goes on, and with it the folder of its database.
        std::mem::forget(app);
        Self { app: node, folder }
    }

    async fn request(&self, email: &str) -> Answer {
        self.app.post("/api/v1/auth/password-reset", json!({"email": email})).await
    }

    pub(crate) async fn confirm(&self, body: Value) -> Answer {
        self.app.post(CONFIRM, body).await
    }

    pub(crate) async fn by_link(&self, mail: &Mail, password: &str) -> Answer {
        self.confirm(json!({"token": mail.token, "new_password": password})).await
    }

    async fn by_code(&self, code: &str) -> Answer {
        self.confirm(json!({"email": "ada@example.com", "code": code, "new_password": NEW})).await
    }

    /// Asks for a mail, and waits for it.
    pub(crate) async fn mailed(&self) -> Mail {
        let before = self.mails("reset_password").len();
        assert_eq!(self.request("ada@example.com").await.status, StatusCode::ACCEPTED);
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let mut mails = self.mails("reset_password");
            if mails.len() > before {
                return mails.pop().unwrap();
            }
            assert!(Instant::now() < deadline, "the mail does not come");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The mails of that kind, once there are so many.
    pub(crate) async fn wait_for(&self, kind: &str, count: usize) -> Vec<Mail> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let mails = self.mails(kind);
            if mails.len() >= count {
                return mails;
            }
            assert!(Instant::now() < deadline, "no {count} mails {kind} come, but {}", mails.len());
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The mails of that kind, in the order in which they were written.
    pub(crate) fn mails(&self, kind: &str) -> Vec<Mail> {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files
            .filter(|path| path.extension().is_some_and(|end| end == "eml"))
            .filter(|path| path.to_str().unwrap().contains(&format!("-{kind}-")))
            .collect();
        // Their ids sort by time.
        files.sort_by_key(|path| path.to_str().unwrap().rsplit(&format!("{kind}-")).next().unwrap().to_owned());
        files.iter().map(|path| Mail::read(&fs::read_to_string(path).unwrap())).collect()
    }
}

/// What a mail holds.
pub(crate) struct Mail {
    pub(crate) text: String,
    pub(crate) token: String,
    pub(crate) code: String,
}

impl Mail {
    fn read(raw: &str) -> Self {
        let text = raw.replace("=\r\n", "").replace("=3D", "=");
        let token = text.split("token=").nth(1).unwrap_or_default();
        let token = token.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        let is_code = |line: &&str| line.len() == 9 && line.as_bytes()[4] == b'-';
        let code = text.lines().find(is_code).unwrap_or_default().to_owned();
        Self { token, code, text }
    }
}

pub(crate) fn is_refused(answer: &Answer) -> bool {
    answer.status == StatusCode::BAD_REQUEST && answer.json()["code"] == "invalid_one_time_token"
}

async fn whoever_forgot_their_password_gets_another_by_the_link(app: App) {
    let post = Post::of(app).await;
    let ada = post.app.sign_up("ada@example.com").await;
    let mail = post.mailed().await;
    assert!(mail.text.contains("To: ada@example.com") && mail.text.contains("Subject: Choose a new password"));
    let weak = post.by_link(&mail, "short").await;
    assert_eq!(
        (weak.status, &weak.json()["errors"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &"too_short".into())
    );
    assert_eq!(post.by_link(&mail, NEW).await.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&post.by_link(&mail, "another good password").await));
    assert_eq!(post.app.login("ada@example.com", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(post.app.refresh(&ada.refresh).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(post.app.get("/api/v1/users/me", &ada.access).await.status, StatusCode::UNAUTHORIZED);
    let again = post.app.login("ada@example.com", NEW).await.tokens();
    assert_eq!(post.app.get("/api/v1/users/me", &again.access).await.json()["email_verified"], true);
    // The proven address is told.
    let deadline = Instant::now() + Duration::from_secs(30);
    while post.mails("password_changed").is_empty() {
        assert!(Instant::now() < deadline, "the notice does not come");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn whoever_forgot_their_password_gets_another_by_the_code(app: App) {
    let post = Post::of(app).await;
    post.app.register("Ada@example.com").await;
    let mail = post.mailed().await;
    assert_eq!(post.by_code(&mail.code.to_lowercase().replace('-', " ")).await.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&post.by_code(&mail.code).await));
    post.app.login("ada@example.com", NEW).await.tokens();
}

async fn nobody_can_tell_whether_an_address_is_known(app: App) {
    let post = Post::of(app).await;
    post.app.register("ada@example.com").await;
    post.app.register("eve@example.com").await;
    post.app.run_sql("UPDATE users SET is_active = false WHERE email = 'eve@example.com'").await;
    for email in ["ada@example.com", "eve@example.com", "nobody@example.com"] {
        let begin = Instant::now();
        let answer = post.request(email).await;
        assert_eq!((answer.status, &*answer.text), (StatusCode::ACCEPTED, ""), "{email}");
        assert!(begin.elapsed() >= Duration::from_millis(250), "{email}");
        let begin = Instant::now();
        let body = json!({"email": email, "code": "2222-2222", "new_password": NEW});
        assert!(is_refused(&post.confirm(body).await), "{email}");
        assert!(begin.elapsed() >= Duration::from_millis(250), "{email}");
    }
    for body in [
        json!({"new_password": NEW}),
        json!({"token": "hxp_AAAA", "code": "ABCD-EFGH", "new_password": NEW}),
        json!({"email": "ada@example.com", "new_password": NEW}),
    ] {
        assert_eq!(post.confirm(body).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

async fn of_many_who_use_one_token_one_sets_the_password(app: App) {
    let post = Post::of(app).await;
    post.app.register("ada@example.com").await;
    let mail = post.mailed().await;
    let password = |number| format!("{NEW} {number}");
    let confirming = (0..20).map(|number| {
        let (mail, post) = (&mail, &post);
        async move { post.by_link(mail, &password(number)).await }
    });
    let answers = join_all(confirming).await;
    let won: Vec<_> = (0..20).filter(|number| answers[*number].status == StatusCode::NO_CONTENT).collect();
    let [winner] = won[..] else { unreachable!("{won:?} {answers:?}") };
    assert_eq!(answers.iter().filter(|answer| is_refused(answer)).count(), 19, "{answers:?}");
    post.app.login("ada@example.com", &password(winner)).await.tokens();
}

async fn a_code_can_be_tried_five_times_and_the_link_goes_on(app: App) {
    let post = Post::of(app).await;
    post.app.register("ada@example.com").await;
    let mail = post.mailed().await;
    let wrong = join_all((0..20).map(|_| post.by_code("2222-2222"))).await;
    assert!(wrong.iter().all(is_refused), "{wrong:?}");
    assert!(is_refused(&post.by_code(&mail.code).await));
    // Nor does another mail refill what may be tried.
    let second = post.mailed().await;
    assert!(is_refused(&post.by_code(&second.code).await));
    assert_eq!(post.by_link(&mail, NEW).await.status, StatusCode::NO_CONTENT);
}

async fn another_mail_voids_the_code_of_the_first_and_not_its_link(app: App) {
    let post = Post::of(app).await;
    post.app.register("ada@example.com").await;
    let (first, second) = (post.mailed().await, post.mailed().await);
    assert!(is_refused(&post.by_code(&first.code).await));
    assert_eq!(post.by_link(&first, NEW).await.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&post.by_link(&second, PASSWORD).await));
}

async fn a_new_password_voids_what_was_mailed_before(app: App) {
    let post = Post::of(app).await;
    let ada = post.app.sign_up("ada@example.com").await;
    let mail = post.mailed().await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    let changed = post.app.send_as(&ada.access, reqwest::Method::PUT, "/api/v1/users/me/password", change).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&post.by_link(&mail, "another good password").await));
    assert!(is_refused(&post.by_code(&mail.code).await));
}

async fn an_address_gets_three_mails_an_hour(app: App) {
    let post = Post::of(app).await;
    post.app.register("ada@example.com").await;
    let answers = join_all((0..8).map(|_| post.request("ada@example.com"))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED), "{answers:?}");
    let deadline = Instant::now() + Duration::from_secs(30);
    while post.mails("reset_password").len() < 3 {
        assert!(Instant::now() < deadline, "the mails do not come");
        sleep(Duration::from_millis(50)).await;
    }
    sleep(Duration::from_secs(3)).await;
    assert_eq!(post.mails("reset_password").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mail_nobody_waits_for_one() {
    let app = App::sqlite_with(&[]).await;
    let answer = app.post("/api/v1/auth/password-reset", json!({"email": "ada@example.com"})).await;
    assert_eq!((answer.status, &answer.json()["code"]), (StatusCode::SERVICE_UNAVAILABLE, &"mail_is_off".into()));
}
