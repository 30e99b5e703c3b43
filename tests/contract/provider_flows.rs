//! [`domain::providers::ProviderFlowRepository`].

use std::sync::Arc;

use chrono::TimeDelta;
use domain::identities::{ProviderAccount, ProviderName};
use domain::providers::{
    BrowserMark, CodeChallenge, LinkingSession, NewProviderFlow, ProvenIdentity, ProviderFlow, ProviderFlowId,
    ProviderFlowRepository,
};
use domain::users::UserRepository;
use domain::{Nonce, StoreError};
use futures_util::future::join_all;
use tests::{TestDatabase, on_each_database_and_pgbouncer, port};
use uuid::Uuid;

use crate::fixtures::{Stored, at, email, session_id, user, user_id};

on_each_database_and_pgbouncer!(
    every_field_is_kept,
    a_flow_is_bound_to_one_browser,
    a_browser_comes_back_once_and_in_time,
    what_was_proven_is_kept_once_and_only_of_a_browser_that_came_back,
    of_many_who_use_a_code_exactly_one_does_and_only_in_time,
    a_flow_that_links_goes_with_its_user,
    expired_flows_are_deleted_and_no_others,
);

fn flows(db: &TestDatabase) -> Arc<dyn ProviderFlowRepository> {
    port!(db, dyn ProviderFlowRepository)
}

fn id(number: u128) -> ProviderFlowId {
    ProviderFlowId::new(Uuid::from_u128(number))
}

fn new(number: u8) -> NewProviderFlow {
    NewProviderFlow {
        id: id(number.into()),
        provider: ProviderName::parse("google").unwrap(),
        nonce: Nonce::new([number; 16]),
        browser: None,
        return_to: "https://app.example.com/back?x=ü".to_owned(),
        code_challenge: None,
        linking: None,
    }
}

/// A flow that began at that second.
fn flow(number: u8) -> ProviderFlow {
    ProviderFlow::begin(new(number), at(number.into()))
}

fn linking(number: u8) -> ProviderFlow {
    let linking = Some(LinkingSession { user: user_id(1), session: session_id(9) });
    ProviderFlow { linking, ..flow(number) }
}

fn proven(email_verified: bool) -> ProvenIdentity {
    let account = ProviderAccount::parse("https://id.example.com", "AbC").unwrap();
    ProvenIdentity { account, email: email_verified.then(|| email("Ada@example.com")), email_verified }
}

async fn every_field_is_kept(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let full = ProviderFlow {
        browser: Some(BrowserMark::new([7; 32])),
        code_challenge: Some(CodeChallenge::new([8; 32])),
        ..linking(1)
    };
    for flow in [full, flow(2)] {
        flows(&db).insert(&flow).await.unwrap();
        assert_eq!(flows(&db).find(flow.id).await.unwrap(), Some(flow));
    }
    assert_eq!(flows(&db).find(id(3)).await.unwrap(), None);
    let nobodys = flows(&db)
        .insert(&ProviderFlow { linking: Some(LinkingSession { user: user_id(2), session: session_id(9) }), ..flow(4) })
        .await;
    assert!(matches!(nobodys, Err(StoreError::NotFound)), "{nobodys:?}");
}

async fn a_flow_is_bound_to_one_browser(db: TestDatabase) {
    let (flows, flow) = (flows(&db), flow(1));
    flows.insert(&flow).await.unwrap();
    let [first, second] = [1, 2].map(|number| BrowserMark::new([number; 32]));
    assert!(!flows.open(flow.id, &first, flow.expires_at).await.unwrap());
    assert!(flows.open(flow.id, &first, at(1)).await.unwrap());
    assert!(!flows.open(flow.id, &second, at(1)).await.unwrap());
    assert_eq!(flows.find(flow.id).await.unwrap().unwrap().browser, Some(first));
}

async fn a_browser_comes_back_once_and_in_time(db: TestDatabase) {
    for number in [1, 2] {
        flows(&db).insert(&flow(number)).await.unwrap();
    }
    assert!(!flows(&db).answer(id(1), flow(1).expires_at).await.unwrap());
    let answering = (0..20).map(|_| {
        let flows = flows(&db);
        tokio::spawn(async move { flows.answer(id(2), at(5)).await.unwrap() })
    });
    assert_eq!(join_all(answering).await.into_iter().filter(|it| *it.as_ref().unwrap()).count(), 1);
    assert_eq!(flows(&db).find(id(2)).await.unwrap().unwrap().answered_at, Some(at(5)));
    assert_eq!(flows(&db).find(id(1)).await.unwrap().unwrap().answered_at, None);
}

async fn what_was_proven_is_kept_once_and_only_of_a_browser_that_came_back(db: TestDatabase) {
    let flows = flows(&db);
    for (number, is_verified) in [(1, true), (2, false)] {
        flows.insert(&flow(number)).await.unwrap();
        let id = flow(number).id;
        assert!(!flows.prove(id, &proven(is_verified), at(60)).await.unwrap());
        assert!(flows.answer(id, at(5)).await.unwrap());
        assert!(flows.prove(id, &proven(is_verified), at(60)).await.unwrap());
        assert!(!flows.prove(id, &proven(!is_verified), at(70)).await.unwrap());
        let stored = flows.find(id).await.unwrap().unwrap();
        assert_eq!((stored.proven, stored.code_expires_at), (Some(proven(is_verified)), Some(at(60))));
    }
}

async fn of_many_who_use_a_code_exactly_one_does_and_only_in_time(db: TestDatabase) {
    for number in [1, 2] {
        flows(&db).insert(&flow(number)).await.unwrap();
        assert!(!flows(&db).redeem(flow(number).id, at(5)).await.unwrap(), "there is no code yet");
        flows(&db).answer(flow(number).id, at(5)).await.unwrap();
        flows(&db).prove(flow(number).id, &proven(true), at(60)).await.unwrap();
    }
    assert!(!flows(&db).redeem(id(1), at(60)).await.unwrap());
    let redeeming = (0..20).map(|_| {
        let flows = flows(&db);
        tokio::spawn(async move { flows.redeem(id(2), at(59)).await.unwrap() })
    });
    assert_eq!(join_all(redeeming).await.into_iter().filter(|it| *it.as_ref().unwrap()).count(), 1);
    assert_eq!(flows(&db).find(id(2)).await.unwrap().unwrap().redeemed_at, Some(at(59)));
}

async fn a_flow_that_links_goes_with_its_user(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    flows(&db).insert(&linking(1)).await.unwrap();
    flows(&db).insert(&flow(2)).await.unwrap();
    port!(db, dyn UserRepository).delete(user_id(1)).await.unwrap();
    assert_eq!(flows(&db).find(id(1)).await.unwrap(), None);
    assert!(flows(&db).find(id(2)).await.unwrap().is_some());
}

async fn expired_flows_are_deleted_and_no_others(db: TestDatabase) {
    let flows = flows(&db);
    for number in 1..=4 {
        flows.insert(&flow(number)).await.unwrap();
    }
    let before = at(3) + TimeDelta::minutes(10);
    assert_eq!(flows.count_expired(before).await.unwrap(), 3);
    assert_eq!(flows.delete_expired(before, 2).await.unwrap(), 2);
    assert_eq!(flows.delete_expired(before, 9).await.unwrap(), 1);
    assert!(flows.find(id(4)).await.unwrap().is_some());
    assert_eq!(flows.count_expired(before).await.unwrap(), 0);
}
