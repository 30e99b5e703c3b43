//! Nodes on one database whose clocks or settings differ: what one revokes, none accepts again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use api_actix::wiring::Adapters;
use application::keys::{Prepared, Rotated};
use application::node::Removed;
use application::sessions::TokenPair;
use application::sign_in::Login;
use application::users::CreateUser;
use application::{Actor, Application, ApplicationError, Settings};
use chrono::TimeDelta;
use domain::keys::{MAX_KEY_RING_AGE, RootSecret};
use domain::passwords::Password;
use domain::sessions::{Device, RevocationFeed};
use infra_security::{
    Argon2Pool, Argon2Settings, ConfiguredClients, HmacSha256, KeyRing, SealedKeys, SealedResponses, SealedTotp,
    Sha256Challenges, SystemIds, ZxcvbnMeter,
};
use infra_web::WebProviders;
use tests::client::{EMAIL, PASSWORD};
use tests::{TestDatabase, on_each_database};

use crate::fixtures::{at, email};
use crate::security::SetClock;

on_each_database!(
    what_is_revoked_is_known_until_the_tokens_of_every_node_have_expired,
    what_is_revoked_is_known_until_the_tokens_of_retired_keys_have_expired,
    a_clock_that_jumps_ahead_and_back_lets_nothing_in_again,
    what_a_node_with_a_clock_ahead_cleans_up_does_not_let_anything_in_again,
    a_token_that_was_issued_ahead_of_time_stays_revoked,
    a_clock_that_is_set_back_does_not_lengthen_the_grace_window,
);

const MINUTE: TimeDelta = TimeDelta::minutes(1);
const SHORT: TimeDelta = TimeDelta::minutes(15);
const LONG: TimeDelta = TimeDelta::minutes(60);
/// Longer than what is revoked is remembered for tokens of a short life.
const JUMP: TimeDelta = TimeDelta::minutes(17);

/// One of several nodes.
struct Node {
    application: Application,
    clock: Arc<SetClock>,
    feed: Box<dyn RevocationFeed>,
}

impl Node {
    /// As a server that starts: with whole keys, and knowing what was revoked.
    async fn start(db: &TestDatabase, clock: &Arc<SetClock>, access_token_ttl: TimeDelta) -> Self {
        let secret = RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa").unwrap();
        let sealer = Arc::new(SealedKeys::new(&secret));
        let hashing = Argon2Settings { memory_kib: 64, iterations: 1, ..Argon2Settings::default() };
        let hasher = Arc::new(Argon2Pool::new(hashing).unwrap());
        let (keys, name) = (db.signing_keys.clone(), || "us".to_owned());
        let adapters = Adapters {
            mailer: None,
            password_hasher: hasher.clone(),
            strength_meter: Arc::new(ZxcvbnMeter::new(1)),
            breached_passwords: None,
            access_tokens: Arc::new(KeyRing::new(keys, sealer.clone(), clock.clone(), name(), name())),
            key_factory: sealer,
            client_secrets: Arc::new(ConfiguredClients::new(BTreeMap::new(), hasher)),
            mac: Arc::new(HmacSha256::new(&secret)),
            totp: Arc::new(SealedTotp::new(&secret, "us")),
            web_authn: None,
            providers: Arc::new(WebProviders::new([], "", &(clock.clone() as Arc<dyn domain::Clock>)).unwrap()),
            code_challenges: Arc::new(Sha256Challenges),
            provider_responses: Arc::new(SealedResponses::new(&secret)),
            ids: Arc::new(SystemIds),
            clock: clock.clone(),
        };
        let application = db.services(adapters, Settings { access_token_ttl, ..Settings::default() });
        while application.keys.prepare().await.unwrap() != Prepared::Ready {}
        let mut node = Self { application, clock: clock.clone(), feed: db.feed() };
        node.follow().await;
        node
    }

    /// As a server does once a second.
    async fn follow(&mut self) {
        self.application.keys.reload().await.unwrap();
        self.application.sessions.follow_revocations(self.feed.as_mut()).await.unwrap();
    }

    async fn register(&self) {
        let password = Password::parse(PASSWORD).unwrap();
        let new = CreateUser::new(email(EMAIL), password);
        self.application.users.create(None, new, None).await.unwrap();
    }

    async fn sign_in(&self) -> TokenPair {
        let password = Password::parse(PASSWORD).unwrap();
        let login = Login { identifier: EMAIL.to_owned(), password, device: Device::default() };
        self.application.sign_in.with_password(login).await.unwrap()
    }

    async fn authenticate(&self, pair: &TokenPair) -> Result<Actor, ApplicationError> {
        self.application.sessions.authenticate(pair.access_token.expose()).await
    }

    async fn log_out(&self, pair: &TokenPair) {
        self.application.sessions.logout_holder(pair.refresh_token.expose(), None).await.unwrap();
    }

    async fn assert_refuses(&self, pair: &TokenPair, when: &str) {
        let result = self.authenticate(pair).await;
        assert!(matches!(result, Err(ApplicationError::InvalidAccessToken)), "{when}: {result:?}");
    }

    fn advance(&self, by: TimeDelta) {
        self.clock.0.fetch_add(by.num_seconds(), Ordering::SeqCst);
    }
}

fn clock() -> Arc<SetClock> {
    Arc::new(SetClock(AtomicI64::new(at(0).timestamp())))
}

/// Lets so much time pass, minute by minute, in which the nodes follow each other and refuse the token.
async fn assert_refused_for(nodes: &mut [Node], time: TimeDelta, pair: &TokenPair) {
    for minute in 0..=time.num_minutes() {
        for node in &mut *nodes {
            node.follow().await;
            node.assert_refuses(pair, &format!("{minute} minutes later")).await;
        }
        nodes.iter().for_each(|node| node.advance(MINUTE));
    }
}

async fn what_is_revoked_is_known_until_the_tokens_of_every_node_have_expired(db: TestDatabase) {
    let (first, second) = (clock(), clock());
    // Node by node the life of tokens is made longer, or shorter again.
    let mut nodes = [Node::start(&db, &first, SHORT).await, Node::start(&db, &second, LONG).await];
    nodes[0].register().await;
    for (issuer, other) in [(1, 0), (0, 1), (1, 1), (0, 0)] {
        nodes[other].follow().await;
        let pair = nodes[issuer].sign_in().await;
        nodes[other].log_out(&pair).await;
        assert_refused_for(&mut nodes, LONG + MINUTE * 2, &pair).await;
    }
}

async fn what_is_revoked_is_known_until_the_tokens_of_retired_keys_have_expired(db: TestDatabase) {
    let (first, second) = (clock(), clock());
    let mut nodes = [Node::start(&db, &first, SHORT).await, Node::start(&db, &second, LONG).await];
    nodes[0].register().await;
    let pair = nodes[1].sign_in().await;
    nodes.iter().for_each(|node| node.advance(MAX_KEY_RING_AGE));
    assert_eq!(nodes[0].application.keys.rotate().await.unwrap(), Rotated::Done);
    nodes[0].log_out(&pair).await;
    assert_refused_for(&mut nodes, LONG + MINUTE * 2, &pair).await;
}

async fn a_clock_that_jumps_ahead_and_back_lets_nothing_in_again(db: TestDatabase) {
    let (steady, jumping) = (clock(), clock());
    let mut nodes = [Node::start(&db, &steady, SHORT).await, Node::start(&db, &jumping, SHORT).await];
    nodes[0].register().await;
    let [before, meanwhile, live] = [nodes[0].sign_in().await, nodes[0].sign_in().await, nodes[0].sign_in().await];
    nodes[0].log_out(&before).await;
    nodes[1].follow().await;

    nodes[1].advance(JUMP);
    nodes[0].log_out(&meanwhile).await;
    nodes[1].follow().await;
    let after = nodes[0].sign_in().await;
    nodes[0].log_out(&after).await;
    nodes[1].follow().await;
    nodes[1].advance(-JUMP);

    for minute in 0..=SHORT.num_minutes() {
        for node in &mut nodes {
            node.follow().await;
            for pair in [&before, &meanwhile, &after] {
                node.assert_refuses(pair, &format!("{minute} minutes later")).await;
            }
            assert_eq!(node.authenticate(&live).await.is_ok(), minute < SHORT.num_minutes(), "{minute} minutes later");
            node.advance(MINUTE);
        }
    }
}

async fn what_a_node_with_a_clock_ahead_cleans_up_does_not_let_anything_in_again(db: TestDatabase) {
    let (steady, jumping) = (clock(), clock());
    let [mut node, mut jumper] = [Node::start(&db, &steady, SHORT).await, Node::start(&db, &jumping, SHORT).await];
    node.register().await;
    let [revoked, live] = [node.sign_in().await, node.sign_in().await];
    node.log_out(&revoked).await;
    jumper.advance(JUMP);
    jumper.follow().await;
    jumper.application.node.clean_up(&mut Removed::default(), || std::future::ready(())).await.unwrap();
    jumper.advance(-JUMP);
    for node in [&mut node, &mut jumper, &mut Node::start(&db, &jumping, SHORT).await] {
        node.follow().await;
        node.assert_refuses(&revoked, "after the clean-up").await;
        node.authenticate(&live).await.unwrap();
    }
}

async fn a_token_that_was_issued_ahead_of_time_stays_revoked(db: TestDatabase) {
    let (steady, jumping) = (clock(), clock());
    let mut nodes = [Node::start(&db, &steady, SHORT).await, Node::start(&db, &jumping, SHORT).await];
    nodes[0].register().await;
    nodes[1].advance(JUMP);
    nodes[1].follow().await;
    let pair = nodes[1].sign_in().await;
    nodes[1].advance(-JUMP);
    nodes[1].log_out(&pair).await;
    assert_refused_for(&mut nodes, JUMP + SHORT + MINUTE, &pair).await;
}

async fn a_clock_that_is_set_back_does_not_lengthen_the_grace_window(db: TestDatabase) {
    let node = Node::start(&db, &clock(), SHORT).await;
    node.register().await;
    for (back, is_race) in [(TimeDelta::seconds(5), true), (TimeDelta::seconds(6), false), (JUMP, false)] {
        let first = node.sign_in().await;
        let second = node.application.sessions.refresh(first.refresh_token.expose(), None).await.unwrap();
        node.advance(-back);
        let repeated = node.application.sessions.refresh(first.refresh_token.expose(), None).await;
        assert_eq!(repeated.is_ok(), is_race, "{back} before: {repeated:?}");
        // If it is not a race, there is a copy.
        let next = node.application.sessions.refresh(second.refresh_token.expose(), None).await;
        assert_eq!(next.is_ok(), is_race, "{back} before: {next:?}");
    }
}
