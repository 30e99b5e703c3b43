//! The ports that `infra-security` implements. What takes forged tokens or stored hashes to show is tested there.

use chrono::{DateTime, TimeDelta};
use domain::ports::{AccessTokens, Clock, IdGenerator, Mac, MacPurpose, MacTag};
use domain::{AccessClaims, Epoch, Role, RootSecret, TokenId};
use infra_security::{HmacSha256, Hs256AccessTokens, SystemClock, SystemIds};
use uuid::{Uuid, Variant, Version};

use crate::fixtures::{session_id, user_id};

fn root() -> RootSecret {
    RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa").unwrap()
}

#[test]
fn user_ids_are_of_version_7_and_of_the_time_given() {
    for millis in [0, 1, 1_700_000_000_123, (1 << 48) - 1] {
        let now = DateTime::from_timestamp_millis(millis).unwrap();
        let ids: Vec<_> = (0..100).map(|_| SystemIds.user_id(now).as_uuid()).collect();
        for id in &ids {
            assert_eq!((id.get_version(), id.get_variant()), (Some(Version::SortRand), Variant::RFC4122));
            assert_eq!(id.as_u128() >> 80, u128::try_from(millis).unwrap());
        }
        assert_all_differ(ids);
    }
}

#[test]
fn session_and_token_ids_are_of_version_4() {
    let sessions = (0..100).map(|_| SystemIds.session_id().as_uuid());
    let ids: Vec<_> = sessions.chain((0..100).map(|_| SystemIds.token_id().as_uuid())).collect();
    for id in &ids {
        assert_eq!((id.get_version(), id.get_variant()), (Some(Version::Random), Variant::RFC4122));
    }
    assert_all_differ(ids);
}

#[test]
fn every_bit_of_a_nonce_is_random() {
    let nonces: Vec<_> = (0..200).map(|_| Uuid::from_bytes(*SystemIds.nonce().expose())).collect();
    // A bit that is not random would be the same in all of them. That one is by chance: 1 in 2 to the power of 192.
    assert_eq!(nonces.iter().fold(0, |bits, nonce| bits | nonce.as_u128()), u128::MAX);
    assert_eq!(nonces.iter().fold(u128::MAX, |bits, nonce| bits & nonce.as_u128()), 0);
    assert_all_differ(nonces);
}

#[track_caller]
fn assert_all_differ(mut ids: Vec<Uuid>) {
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn the_clock_tells_whole_microseconds() {
    for _ in 0..1000 {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1000, 0);
    }
}

#[test]
fn the_same_purpose_and_message_give_the_same_tag() {
    let mac = HmacSha256::new(&root());
    let again = HmacSha256::new(&root());
    for purpose in [MacPurpose::RefreshToken, MacPurpose::Cursor] {
        let tag = mac.sign(purpose, b"a message");
        assert_eq!(tag.as_bytes(), again.sign(purpose, b"a message").as_bytes());
        assert!(again.verify(purpose, b"a message", &tag));
    }
}

#[test]
fn a_tag_is_worth_nothing_for_another_purpose_message_or_bit() {
    let mac = HmacSha256::new(&root());
    let tag = mac.sign(MacPurpose::RefreshToken, b"a message");
    assert!(!mac.verify(MacPurpose::Cursor, b"a message", &tag));
    assert!(!mac.verify(MacPurpose::RefreshToken, b"a massage", &tag));
    for byte in 0..MacTag::LENGTH {
        let mut bytes = *tag.as_bytes();
        bytes[byte] ^= 0x80;
        assert!(!mac.verify(MacPurpose::RefreshToken, b"a message", &MacTag::new(bytes)));
    }
}

fn access_tokens(issuer: &str, audience: &str) -> Hs256AccessTokens {
    Hs256AccessTokens::new(&root(), issuer.to_owned(), audience.to_owned())
}

fn claims() -> AccessClaims {
    let issued_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    AccessClaims {
        id: TokenId::new(Uuid::from_u128(3)),
        user_id: user_id(1),
        session_id: session_id(2),
        role: Role::Admin,
        epoch: Epoch::new(u32::MAX),
        issued_at,
        expires_at: issued_at + TimeDelta::minutes(15),
    }
}

#[test]
fn an_access_token_reads_back_to_equal_claims() {
    let tokens = access_tokens("us", "ours");
    for claims in [claims(), AccessClaims { role: Role::User, epoch: Epoch::default(), ..claims() }] {
        assert_eq!(tokens.verify(tokens.sign(&claims).expose(), claims.issued_at), Ok(claims));
    }
}

#[test]
fn an_access_token_is_good_for_its_time_give_or_take_five_seconds() {
    let (tokens, claims) = (access_tokens("us", "ours"), claims());
    let token = tokens.sign(&claims);
    let is_valid_at = |time| tokens.verify(token.expose(), time).is_ok();
    let microsecond = TimeDelta::microseconds(1);
    assert!(is_valid_at(claims.issued_at) && is_valid_at(claims.expires_at - microsecond));
    assert!(!is_valid_at(claims.issued_at - TimeDelta::seconds(5) - microsecond));
    assert!(!is_valid_at(claims.expires_at + TimeDelta::seconds(5)));
}

#[test]
fn an_access_token_of_another_issuer_or_for_another_audience_is_refused() {
    let token = access_tokens("us", "ours").sign(&claims());
    for others in [access_tokens("them", "ours"), access_tokens("us", "theirs")] {
        assert!(others.verify(token.expose(), claims().issued_at).is_err());
    }
}
