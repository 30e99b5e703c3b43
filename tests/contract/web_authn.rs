//! [`domain::passkeys::WebAuthn`].

use data_encoding::BASE64URL_NOPAD;
use domain::factors::FactorName;
use domain::passkeys::{
    Asserted, AssertionResponse, CeremonyFault, CeremonyState, CredentialId, NewPasskey, Passkey, PasskeyId,
    RegisteredCredential, RegistrationResponse, UserVerification, WebAuthn,
};
use infra_webauthn::{RelyingParty, RustWebAuthn};
use serde_json::Value;
use tests::soft_passkey::{BACKED_UP, BACKUP_ELIGIBLE, PRESENT, SoftPasskey, VERIFIED};
use uuid::Uuid;

use crate::fixtures::{at, user, user_id};

const ORIGIN: &str = "https://example.com";

/// What is wrong, and how it comes about.
type Bend = (&'static str, fn(&mut SoftPasskey));

fn web_authn() -> RustWebAuthn {
    let origins = [ORIGIN, "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck"];
    let origins = origins.map(str::to_owned).to_vec();
    let party = RelyingParty { id: "example.com".to_owned(), name: "Notes".to_owned(), origins, any_port: false };
    RustWebAuthn::new(party).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    BASE64URL_NOPAD.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn registration(sent: &Value) -> RegistrationResponse {
    RegistrationResponse {
        credential_id: CredentialId::new(bytes(&sent["rawId"])).unwrap(),
        client_data: bytes(&sent["response"]["clientDataJSON"]),
        attestation_object: bytes(&sent["response"]["attestationObject"]),
    }
}

fn assertion(sent: &Value) -> AssertionResponse {
    AssertionResponse {
        credential_id: CredentialId::new(bytes(&sent["rawId"])).unwrap(),
        client_data: bytes(&sent["response"]["clientDataJSON"]),
        authenticator_data: bytes(&sent["response"]["authenticatorData"]),
        signature: bytes(&sent["response"]["signature"]),
        user_handle: None,
    }
}

/// Options that are asked, and the state that they are checked against.
fn start_registration(existing: &[Passkey]) -> (Value, CeremonyState) {
    let started = web_authn().start_registration(&user(1), existing).unwrap();
    (serde_json::from_str(&started.options).unwrap(), started.state)
}

fn start(verification: UserVerification, allowed: &[Passkey]) -> (Value, CeremonyState) {
    let started = web_authn().start_authentication(verification, allowed).unwrap();
    (serde_json::from_str(&started.options).unwrap(), started.state)
}

fn stored(credential: RegisteredCredential) -> Passkey {
    let (id, name) = (PasskeyId::new(Uuid::from_u128(1)), FactorName::parse("Phone").unwrap());
    Passkey::register(NewPasskey { id, user_id: user_id(1), name, credential }, at(1))
}

/// What becomes of a registration that is bent so.
fn register(bend: impl FnOnce(&mut SoftPasskey)) -> Result<RegisteredCredential, CeremonyFault> {
    let (options, state) = start_registration(&[]);
    let mut soft = SoftPasskey::for_options(&options, ORIGIN);
    bend(&mut soft);
    web_authn().finish_registration(&state, &registration(&soft.register(&options)))
}

/// A passkey that was registered, perhaps bent so.
fn registered(bend: impl FnOnce(&mut SoftPasskey)) -> (SoftPasskey, Passkey) {
    let (options, state) = start_registration(&[]);
    let mut soft = SoftPasskey::for_options(&options, ORIGIN);
    bend(&mut soft);
    let made = web_authn().finish_registration(&state, &registration(&soft.register(&options))).unwrap();
    (soft, stored(made))
}

fn prove(soft: &SoftPasskey, passkey: &Passkey, verification: UserVerification) -> Result<Asserted, CeremonyFault> {
    let (options, state) = start(verification, &[]);
    web_authn().finish_authentication(&state, passkey, &assertion(&soft.assert(&options)))
}

#[test]
fn a_registration_asks_for_a_passkey_that_is_found_without_a_name() {
    let (_, existing) = registered(|_| ());
    let (options, _) = start_registration(std::slice::from_ref(&existing));
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "preferred");
    assert_eq!(options["attestation"], "none");
    assert_eq!(bytes(&options["user"]["id"]), user_id(1).as_bytes());
    assert_eq!(bytes(&options["excludeCredentials"][0]["id"]), existing.credential_id.as_bytes());
    assert!(!options.to_string().contains("null"), "{options}");
}

#[test]
fn each_challenge_is_fresh() {
    let (one, _) = start(UserVerification::Required, &[]);
    let (other, _) = start(UserVerification::Required, &[]);
    assert!(bytes(&one["challenge"]).len() >= 16 && one["challenge"] != other["challenge"]);
    assert_eq!((&one["userVerification"], &one["rpId"]), (&"required".into(), &"example.com".into()));
    assert!(one.get("mediation").is_none() && !one.to_string().contains("null"), "{one}");
}

#[test]
fn what_an_authenticator_says_of_itself_is_read() {
    let made = register(|soft| {
        soft.flags = PRESENT | BACKUP_ELIGIBLE | BACKED_UP;
        soft.count = 7;
    });
    let made = made.unwrap();
    assert!(made.is_backup_eligible && made.is_backed_up && !made.is_user_verified);
    assert_eq!(made.sign_count, 7);
    assert!(register(|_| ()).unwrap().is_user_verified);
    // A native app.
    let app = "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck";
    register(|soft| app.clone_into(&mut soft.origin)).unwrap();
}

#[test]
fn a_registration_that_is_bent_is_refused() {
    let bends: [Bend; 9] = [
        ("another origin", |soft| "https://evil.test".clone_into(&mut soft.origin)),
        ("a subdomain", |soft| "https://a.example.com".clone_into(&mut soft.origin)),
        ("another port", |soft| "https://example.com:8443".clone_into(&mut soft.origin)),
        ("no TLS", |soft| "http://example.com".clone_into(&mut soft.origin)),
        ("a frame", |soft| soft.cross_origin = true),
        ("another relying party", |soft| "evil.test".clone_into(&mut soft.rp_id)),
        ("a proof", |soft| soft.kind = Some("webauthn.get")),
        ("nobody there", |soft| soft.flags = VERIFIED),
        ("copied, but it may not be", |soft| soft.flags = PRESENT | BACKED_UP),
    ];
    for (what, bend) in bends {
        let result = register(bend);
        assert!(matches!(result, Err(CeremonyFault::Invalid(_))), "{what}: {result:?}");
    }
    let result = register(|soft| soft.challenge = Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()));
    assert!(matches!(result, Err(CeremonyFault::OtherChallenge)), "{result:?}");
}

#[test]
fn an_id_that_is_not_the_authenticators_is_refused() {
    let (options, state) = start_registration(&[]);
    let (_, sent) = SoftPasskey::create(&options, ORIGIN);
    let response =
        RegistrationResponse { credential_id: CredentialId::new(vec![7; 32]).unwrap(), ..registration(&sent) };
    assert!(matches!(web_authn().finish_registration(&state, &response), Err(CeremonyFault::Invalid(_))));
}

#[test]
fn a_proof_is_of_its_own_passkey_and_challenge() {
    let (soft, passkey) = registered(|_| ());
    let asserted = prove(&soft, &passkey, UserVerification::Required).unwrap();
    assert_eq!((asserted.is_user_verified, asserted.sign_count), (true, 0));
    let (mut other, _) = registered(|_| ());
    // Signed by another key, under this one's id.
    other.id.clone_from(&soft.id);
    let result = prove(&other, &passkey, UserVerification::Required);
    assert!(matches!(result, Err(CeremonyFault::Invalid(_))), "{result:?}");
    let (options, _) = start(UserVerification::Required, &[]);
    let (_, state) = start(UserVerification::Required, &[]);
    let result = web_authn().finish_authentication(&state, &passkey, &assertion(&soft.assert(&options)));
    assert!(matches!(result, Err(CeremonyFault::OtherChallenge)), "{result:?}");
}

#[test]
fn a_proof_that_is_bent_is_refused() {
    let bends: [Bend; 8] = [
        ("another origin", |soft| "https://evil.test".clone_into(&mut soft.origin)),
        ("another port", |soft| "https://example.com:8443".clone_into(&mut soft.origin)),
        ("a frame", |soft| soft.cross_origin = true),
        ("another relying party", |soft| "evil.test".clone_into(&mut soft.rp_id)),
        ("a registration", |soft| soft.kind = Some("webauthn.create")),
        ("nobody there", |soft| soft.flags = VERIFIED),
        ("copied, but it may not be", |soft| soft.flags = PRESENT | VERIFIED | BACKED_UP),
        ("another passkey", |soft| soft.id = vec![7; 32]),
    ];
    for (what, bend) in bends {
        let (mut soft, passkey) = registered(|_| ());
        bend(&mut soft);
        let result = prove(&soft, &passkey, UserVerification::Preferred);
        assert!(matches!(result, Err(CeremonyFault::Invalid(_))), "{what}: {result:?}");
    }
}

#[test]
fn the_user_is_verified_where_that_is_required() {
    let (mut soft, passkey) = registered(|_| ());
    soft.flags = PRESENT;
    let result = prove(&soft, &passkey, UserVerification::Required);
    assert!(matches!(result, Err(CeremonyFault::NotVerified)), "{result:?}");
    assert!(!prove(&soft, &passkey, UserVerification::Preferred).unwrap().is_user_verified);
}

#[test]
fn a_passkey_that_begins_to_be_copied_goes_on_working_and_may_not_stop() {
    let (mut soft, passkey) = registered(|_| ());
    soft.flags |= BACKUP_ELIGIBLE | BACKED_UP;
    let asserted = prove(&soft, &passkey, UserVerification::Required).unwrap();
    assert!(asserted.is_backup_eligible && asserted.is_backed_up);
    let passkey = Passkey { is_backup_eligible: true, is_backed_up: true, ..passkey };
    soft.flags = PRESENT | VERIFIED | BACKUP_ELIGIBLE;
    assert!(!prove(&soft, &passkey, UserVerification::Required).unwrap().is_backed_up);
    soft.flags = PRESENT | VERIFIED;
    let result = prove(&soft, &passkey, UserVerification::Required);
    assert!(matches!(result, Err(CeremonyFault::Suspicious)), "{result:?}");
}

#[test]
fn a_count_that_does_not_grow_is_suspicious_where_it_counts() {
    let (mut soft, passkey) = registered(|_| ());
    let passkey = Passkey { sign_count: 5, ..passkey };
    for count in [0, 4, 5] {
        soft.count = count;
        let result = prove(&soft, &passkey, UserVerification::Required);
        assert!(matches!(result, Err(CeremonyFault::Suspicious)), "{count}: {result:?}");
    }
    soft.count = 6;
    assert_eq!(prove(&soft, &passkey, UserVerification::Required).unwrap().sign_count, 6);
}

#[test]
fn only_a_genuine_signature_is_suspicious() {
    let (soft, passkey) = registered(|_| ());
    let passkey = Passkey { sign_count: 5, is_backup_eligible: true, ..passkey };
    let (mut other, _) = registered(|_| ());
    other.id = soft.id;
    let result = prove(&other, &passkey, UserVerification::Required);
    assert!(matches!(result, Err(CeremonyFault::Invalid(_))), "{result:?}");
}

#[test]
fn nothing_that_clients_send_makes_it_panic() {
    let (options, registering) = start_registration(&[]);
    let (soft, sent) = SoftPasskey::create(&options, ORIGIN);
    let registration = registration(&sent);
    let passkey = stored(web_authn().finish_registration(&registering, &registration).unwrap());
    let (options, proving) = start(UserVerification::Preferred, &[]);
    let assertion = assertion(&soft.assert(&options));
    let web_authn = web_authn();
    let refuses = |spoil: &dyn Fn(&mut Vec<u8>)| {
        let mut registered = [registration.clone(), registration.clone()];
        spoil(&mut registered[0].client_data);
        spoil(&mut registered[1].attestation_object);
        for response in registered {
            // A name of the format, or zeroes of the authenticator's kind, may change without a fault.
            drop(web_authn.finish_registration(&registering, &response));
        }
        let mut asserted = [assertion.clone(), assertion.clone(), assertion.clone()];
        spoil(&mut asserted[0].client_data);
        spoil(&mut asserted[1].authenticator_data);
        spoil(&mut asserted[2].signature);
        for response in asserted {
            assert!(web_authn.finish_authentication(&proving, &passkey, &response).is_err(), "{response:?}");
        }
    };
    refuses(&Vec::clear);
    for at in 0..registration.attestation_object.len() {
        refuses(&|bytes| bytes.truncate(at.min(bytes.len() - 1)));
        for value in [0x00, 0x5f, 0x9f, 0xbf, 0xdb, 0xff] {
            refuses(&|bytes| {
                let at = at % bytes.len();
                bytes[at] = if bytes[at] == value { value ^ 1 } else { value };
            });
        }
    }
    // CBOR that says it is very long, or very deep.
    for hopeless in [b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec(), vec![0x81; 65_536], vec![0xa1; 65_536]] {
        refuses(&|bytes| *bytes = hopeless.clone());
    }
}
