use std::time::Duration;

use api_actix::config::{Config, Environment};
use api_actix::wiring::{self, Parts};
use application::keys::Prepared;
use application::passwords::ChangePassword;
use application::sessions::TokenPair;
use application::sign_in::Login;
use application::users::{CreateUser, Registered, UserChange};
use application::{Actor, Application, ApplicationError, Target};
use domain::passwords::Password;
use domain::sessions::{Device, RevocationFeed};
use domain::users::{Email, UserId};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tests::client::{Client, PASSWORD, Tokens, status, tokens};
use tokio::sync::Mutex;
use uuid::Uuid;

pub(crate) const ADMIN: &str = "admin@example.com";
const SECRET: &str = "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T";

/// What a schedule asks of a node: done, or refused. Anything else is a fault.
pub(crate) trait Service {
    /// For how long the node may accept what another one has revoked, once it was told to catch up.
    const BOUND: Duration;

    async fn register(&self, email: &str) -> Uuid;
    async fn sign_in(&self, email: &str) -> Tokens;
    async fn refresh(&self, refresh_token: &str) -> Option<Tokens>;
    async fn accepts(&self, access_token: &str) -> bool;
    async fn logout(&self, access_token: &str) -> bool;
    async fn logout_holder(&self, refresh_token: &str) -> bool;
    async fn logout_others(&self, access_token: &str) -> bool;
    async fn disable(&self, user: Uuid) -> bool;
    async fn change_password(&self, access_token: &str, new: &str) -> bool;
    async fn catch_up(&self);
}

/// The use cases alone. It learns what others revoke when it is told to, so there is nothing to wait for.
pub(crate) struct InProcess {
    application: Application,
    feed: Mutex<Box<dyn RevocationFeed>>,
    admin: Actor,
}

impl InProcess {
    pub(crate) async fn on(database_url: &str) -> Self {
        let variables = [
            ("DATABASE_URL", database_url),
            ("APP_SECRET_KEY", SECRET),
            ("APP_PASSWORD__MEMORY_KIB", "8"),
            ("APP_PASSWORD__ITERATIONS", "1"),
        ];
        let config = Config::load(None, Environment::new(variables), wiring::CHECKS).unwrap();
        let Parts { application, feed, .. } = wiring::start(&config, config.server.address()).await.unwrap();
        while let Prepared::Again(_) = application.keys.prepare().await.unwrap() {}
        application.users.create_admin(Email::parse(ADMIN).unwrap(), password(PASSWORD)).await.unwrap();
        let tokens = sign_in(&application, ADMIN).await;
        let admin = application.sessions.authenticate(&tokens.access).await.unwrap();
        let node = Self { application, feed: Mutex::new(feed), admin };
        node.catch_up().await;
        node
    }

    async fn actor(&self, access_token: &str) -> Option<Actor> {
        done(self.application.sessions.authenticate(access_token).await)
    }
}

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

async fn sign_in(application: &Application, email: &str) -> Tokens {
    let login = Login { identifier: email.to_owned(), password: password(PASSWORD), device: Device::default() };
    pair(application.sign_in.with_password(login).await.unwrap())
}

fn pair(pair: TokenPair) -> Tokens {
    Tokens { access: pair.access_token.expose().to_owned(), refresh: pair.refresh_token.expose().to_owned() }
}

/// `None` when it was refused because of what others did.
fn done<T>(result: Result<T, ApplicationError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(
            ApplicationError::InvalidAccessToken
            | ApplicationError::InvalidRefreshToken
            | ApplicationError::WrongCurrentPassword,
        ) => None,
        Err(fault) => panic!("{fault:?}"),
    }
}

impl Service for InProcess {
    const BOUND: Duration = Duration::ZERO;

    async fn register(&self, email: &str) -> Uuid {
        let new = CreateUser::new(Email::parse(email).unwrap(), password(PASSWORD));
        let made = self.application.users.create(None, new, None).await.unwrap();
        let Registered::Created(user) = made else { panic!("{made:?}") };
        user.id.as_uuid()
    }

    async fn sign_in(&self, email: &str) -> Tokens {
        sign_in(&self.application, email).await
    }

    async fn refresh(&self, refresh_token: &str) -> Option<Tokens> {
        done(self.application.sessions.refresh(refresh_token, None).await).map(pair)
    }

    async fn accepts(&self, access_token: &str) -> bool {
        self.actor(access_token).await.is_some()
    }

    async fn logout(&self, access_token: &str) -> bool {
        done(self.application.sessions.logout(access_token, None).await).is_some()
    }

    async fn logout_holder(&self, refresh_token: &str) -> bool {
        done(self.application.sessions.logout_holder(refresh_token, None).await).is_some()
    }

    async fn logout_others(&self, access_token: &str) -> bool {
        let Some(actor) = self.actor(access_token).await else { return false };
        done(self.application.sessions.logout_others(&actor).await).is_some()
    }

    async fn disable(&self, user: Uuid) -> bool {
        let change = UserChange { is_active: Some(false), ..UserChange::default() };
        done(self.application.users.update(&self.admin, Target::User(UserId::new(user)), change).await).is_some()
    }

    async fn change_password(&self, access_token: &str, new: &str) -> bool {
        let Some(actor) = self.actor(access_token).await else { return false };
        let change = ChangePassword { current: Some(password(PASSWORD)), new: password(new) };
        done(self.application.passwords.change(&actor, change).await).is_some()
    }

    async fn catch_up(&self) {
        self.application.sessions.follow_revocations(self.feed.lock().await.as_mut()).await.unwrap();
    }
}

/// A server process. It learns what others revoke by itself.
pub(crate) struct OverHttp {
    client: Client,
    admin: String,
}

impl OverHttp {
    /// On a node with an admin.
    pub(crate) async fn to(client: &Client) -> Self {
        Self { client: client.clone(), admin: client.sign_in(ADMIN).await.access }
    }
}

/// Whether it was done. It may be refused because of what others did.
async fn is_done(answer: Response) -> bool {
    let status = status(answer).await;
    let is_refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
    assert!(status.is_success() || is_refused, "{status}");
    status.is_success()
}

impl Service for OverHttp {
    const BOUND: Duration = Duration::from_secs(5);

    async fn register(&self, email: &str) -> Uuid {
        let user: Value = self.client.register(email).await.json().await.unwrap();
        user["id"].as_str().unwrap().parse().unwrap()
    }

    async fn sign_in(&self, email: &str) -> Tokens {
        self.client.sign_in(email).await
    }

    async fn refresh(&self, refresh_token: &str) -> Option<Tokens> {
        let answer = self.client.refresh(refresh_token).await;
        if answer.status() == StatusCode::OK {
            return Some(tokens(answer).await);
        }
        assert!(!is_done(answer).await);
        None
    }

    async fn accepts(&self, access_token: &str) -> bool {
        is_done(self.client.send(Method::GET, "/auth/verify", Some(access_token), None).await).await
    }

    async fn logout(&self, access_token: &str) -> bool {
        is_done(self.client.send(Method::POST, "/auth/logout", Some(access_token), None).await).await
    }

    async fn logout_holder(&self, refresh_token: &str) -> bool {
        is_done(self.client.post("/auth/logout", json!({"refresh_token": refresh_token})).await).await
    }

    async fn logout_others(&self, access_token: &str) -> bool {
        is_done(self.client.send(Method::POST, "/auth/logout-others", Some(access_token), None).await).await
    }

    async fn disable(&self, user: Uuid) -> bool {
        let body = json!({"is_active": false});
        let path = format!("/users/{user}");
        is_done(self.client.send(Method::PATCH, &path, Some(&self.admin), Some(body)).await).await
    }

    async fn change_password(&self, access_token: &str, new: &str) -> bool {
        let body = json!({"current_password": PASSWORD, "new_password": new});
        is_done(self.client.send(Method::PUT, "/users/me/password", Some(access_token), Some(body)).await).await
    }

    async fn catch_up(&self) {}
}
