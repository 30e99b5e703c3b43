use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use reqwest::{Response, StatusCode};
use tests::client::{Client, EMAIL, PASSWORD, Tokens, status, tokens};
use tokio::task::JoinHandle;

use crate::nodes::Nodes;

/// Before what was refused is tried again.
const PAUSE: Duration = Duration::from_millis(10);
/// Of each kind.
const PEOPLE: usize = 4;

/// People who use all nodes at once while the database comes and goes. An answer is what was asked for, or a 503.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    registering: Vec<JoinHandle<Vec<String>>>,
    leaving: Vec<JoinHandle<Vec<Tokens>>>,
    staying: Vec<JoinHandle<Stay>>,
}

/// What was acknowledged, and so must be true for ever.
pub(crate) struct Acknowledged {
    registered: Vec<String>,
    ended: Vec<Tokens>,
    /// The last refresh token of each session.
    alive: Vec<String>,
    rotations: usize,
}

struct Stay {
    refresh_token: String,
    rotations: usize,
}

impl Load {
    pub(crate) async fn begin(nodes: &Nodes) -> Self {
        nodes.client(0).register(EMAIL).await;
        let stop = Arc::<AtomicBool>::default();
        let person = |number: usize| Person { clients: nodes.clients().to_vec(), stop: Arc::clone(&stop), number };
        let mut load =
            Self { stop: Arc::clone(&stop), registering: Vec::new(), leaving: Vec::new(), staying: Vec::new() };
        for number in 0..PEOPLE {
            load.registering.push(tokio::spawn(person(number).register_others()));
            load.leaving.push(tokio::spawn(person(number).come_and_go()));
            let session = nodes.client(number).sign_in(EMAIL).await;
            load.staying.push(tokio::spawn(person(number).stay(session.refresh)));
        }
        load
    }

    pub(crate) async fn end(self) -> Acknowledged {
        self.stop.store(true, Ordering::Relaxed);
        let staying = all(self.staying).await;
        Acknowledged {
            registered: all(self.registering).await.concat(),
            ended: all(self.leaving).await.concat(),
            rotations: staying.iter().map(|stay| stay.rotations).sum(),
            alive: staying.into_iter().map(|stay| stay.refresh_token).collect(),
        }
    }
}

async fn all<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

struct Person {
    clients: Vec<Client>,
    stop: Arc<AtomicBool>,
    number: usize,
}

impl Person {
    /// The next node in turn. `None` when it is time to stop.
    fn next(&mut self) -> Option<&Client> {
        self.number += 1;
        let client = &self.clients[self.number % self.clients.len()];
        (!self.stop.load(Ordering::Relaxed)).then_some(client)
    }

    async fn register_others(mut self) -> Vec<String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let mut registered = Vec::new();
        while let Some(client) = self.next() {
            let email = format!("user{}@example.com", COUNT.fetch_add(1, Ordering::Relaxed));
            if served(client.register(&email).await, StatusCode::CREATED).await.is_some() {
                registered.push(email);
            }
        }
        registered
    }

    async fn come_and_go(mut self) -> Vec<Tokens> {
        let mut ended = Vec::new();
        while let Some(client) = self.next() {
            let Some(answer) = served(client.login(EMAIL, PASSWORD).await, StatusCode::OK).await else { continue };
            let session = tokens(answer).await;
            // A client without an answer does not know, and asks again.
            loop {
                match client.logout(&session.access).await {
                    StatusCode::NO_CONTENT => ended.push(session),
                    // The previous attempt has done it.
                    StatusCode::UNAUTHORIZED => {}
                    StatusCode::SERVICE_UNAVAILABLE => {
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                    other => panic!("a logout was answered with {other}"),
                }
                break;
            }
        }
        ended
    }

    /// Refreshes again and again. A token whose successor was lost on the way is sent again, and must be good.
    async fn stay(mut self, mut refresh_token: String) -> Stay {
        let mut rotations = 0;
        while let Some(client) = self.next() {
            if let Some(answer) = served(client.refresh(&refresh_token).await, StatusCode::OK).await {
                refresh_token = tokens(answer).await.refresh;
                rotations += 1;
            }
        }
        Stay { refresh_token, rotations }
    }
}

/// The answer if it has this status. `None` when the database was away.
async fn served(answer: Response, expected: StatusCode) -> Option<Response> {
    if answer.status() == expected {
        return Some(answer);
    }
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{text}");
    tokio::time::sleep(PAUSE).await;
    None
}

impl Acknowledged {
    pub(crate) async fn assert_kept(&self, nodes: &Nodes) {
        let Self { registered, ended, alive, rotations } = self;
        let (users, sessions) = (registered.len(), ended.len());
        println!("acknowledged: {users} registrations, {sessions} logouts, {rotations} rotations");
        assert!(!registered.is_empty() && !ended.is_empty() && *rotations > 0);
        for_all(registered, async |email| {
            let login = nodes.client(email.len()).login(email, PASSWORD).await;
            assert_eq!(login.status(), StatusCode::OK, "{email}");
        })
        .await;
        for_all(ended, async |session| {
            assert!(nodes.verify(&session.access).await.iter().all(|status| *status == StatusCode::UNAUTHORIZED));
            let refresh = status(nodes.client(0).refresh(&session.refresh).await).await;
            assert_eq!(refresh, StatusCode::UNAUTHORIZED);
        })
        .await;
        for_all(alive, async |token| drop(tokens(nodes.client(0).refresh(token).await).await)).await;
    }
}

/// A few at a time.
async fn for_all<T>(things: &[T], check: impl AsyncFn(&T)) {
    stream::iter(things).for_each_concurrent(8, |thing| check(thing)).await;
}
