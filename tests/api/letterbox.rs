//! A server whose mails are files in a folder of the test.

use std::fs;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::connect;
use tokio::time::sleep;

use crate::app::{Answer, App, NEW_PASSWORD};

pub(crate) const CONFIRM: &str = "/api/v1/auth/password-reset/confirm";

/// A server whose mails can be read.
pub(crate) struct Post {
    pub(crate) app: App,
    folder: TempDir,
}

fn to_files(folder: &TempDir) -> [(&str, &str); 2] {
    [("APP_MAIL__TRANSPORT", "file"), ("APP_MAIL__FOLDER", folder.path().to_str().unwrap())]
}

impl Post {
    /// The same database, and mail.
    pub(crate) async fn of(app: App) -> Self {
        Self::with(app, &[]).await
    }

    /// Likewise, with these settings besides.
    pub(crate) async fn with(app: App, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = app.another_node(&[&to_files(&folder), settings].concat()).await;
        // The first node goes on, and with it the folder of its database.
        std::mem::forget(app);
        Self { app: node, folder }
    }

    /// The settings of another node whose mails are to be read here, too.
    pub(crate) fn to_files(&self) -> [(&str, &str); 2] {
        to_files(&self.folder)
    }

    pub(crate) async fn request(&self, email: &str) -> Answer {
        self.app.post("/api/v1/auth/password-reset", json!({"email": email})).await
    }

    pub(crate) async fn confirm(&self, body: Value) -> Answer {
        self.app.post(CONFIRM, body).await
    }

    pub(crate) async fn by_link(&self, mail: &Mail, password: &str) -> Answer {
        self.confirm(json!({"token": mail.token, "new_password": password})).await
    }

    pub(crate) async fn by_code(&self, code: &str) -> Answer {
        self.confirm(json!({"email": "ada@example.com", "code": code, "new_password": NEW_PASSWORD})).await
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

/// The one refusal of what was mailed, whatever is wrong with it.
pub(crate) fn is_refused(answer: &Answer) -> bool {
    answer.status == StatusCode::BAD_REQUEST && answer.json()["code"] == "invalid_one_time_token"
}

/// How many rows that is.
pub(crate) async fn count(app: &App, table: &str) -> i64 {
    let connection = connect(&app.database_url).await;
    let sql = format!("SELECT COUNT(*) FROM {table}");
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await;
    let count = row.unwrap().unwrap().try_get_by_index(0).unwrap();
    connection.close().await.unwrap();
    count
}
