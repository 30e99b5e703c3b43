//! A passkey that signs what it is told to, also what no authenticator would.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// The flags of authenticator data (Web Authentication Level 3, section 6.1).
pub const PRESENT: u8 = 1;
/// The user was verified.
pub const VERIFIED: u8 = 1 << 2;
/// It may be copied.
pub const BACKUP_ELIGIBLE: u8 = 1 << 3;
/// It was.
pub const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;

/// A key pair with ES256, and all that its authenticator and its browser say. Change any of it before the next use.
pub struct SoftPasskey {
    key: EcdsaKeyPair,
    /// What it calls itself.
    pub id: Vec<u8>,
    /// Whose it says it is.
    pub user_handle: Option<Vec<u8>>,
    /// What page it is used on.
    pub origin: String,
    /// Whether that page is in a frame of another.
    pub cross_origin: bool,
    /// The domain that it is bound to.
    pub rp_id: String,
    /// The type that its browser writes, if it is not the right one.
    pub kind: Option<&'static str>,
    /// The challenge that it signs, if it is not that of the options.
    pub challenge: Option<String>,
    /// What it says of itself.
    pub flags: u8,
    /// How often it says it has signed.
    pub count: u32,
}

impl SoftPasskey {
    /// Makes one for these options of a registration, as a page of that origin would, and returns it with what the
    /// browser sends. It verifies its user.
    pub fn create(options: &Value, origin: &str) -> (Self, Value) {
        let passkey = Self::for_options(options, origin);
        let sent = passkey.register(options);
        (passkey, sent)
    }

    /// The same, before the browser sends anything.
    #[expect(clippy::disallowed_methods, reason = "an authenticator has randomness of its own")]
    pub fn for_options(options: &Value, origin: &str) -> Self {
        let mut id = vec![0; 32];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            id,
            user_handle: Some(BASE64URL_NOPAD.decode(text(&options["user"]["id"]).as_bytes()).unwrap()),
            origin: origin.to_owned(),
            cross_origin: false,
            rp_id: text(&options["rp"]["id"]).to_owned(),
            kind: None,
            challenge: None,
            flags: PRESENT | VERIFIED,
            count: 0,
        }
    }

    /// What a browser sends to register it.
    pub fn register(&self, options: &Value) -> Value {
        let (data, object) = (self.client_data("webauthn.create", options), self.attestation_object());
        json!({
            "id": BASE64URL_NOPAD.encode(&self.id),
            "rawId": BASE64URL_NOPAD.encode(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": BASE64URL_NOPAD.encode(data.as_bytes()),
                "attestationObject": BASE64URL_NOPAD.encode(&object),
                "transports": ["internal", "hybrid"],
            },
            "clientExtensionResults": {"credProps": {"rk": true}},
        })
    }

    /// What a browser sends to prove that it holds it.
    #[expect(clippy::disallowed_methods, reason = "an authenticator has randomness of its own")]
    pub fn assert(&self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.authenticator_data(self.flags);
        let signed = [data.as_slice(), digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": BASE64URL_NOPAD.encode(&self.id),
            "rawId": BASE64URL_NOPAD.encode(&self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": BASE64URL_NOPAD.encode(client_data.as_bytes()),
                "authenticatorData": BASE64URL_NOPAD.encode(&data),
                "signature": BASE64URL_NOPAD.encode(signature.as_ref()),
                "userHandle": self.user_handle.as_ref().map(|handle| BASE64URL_NOPAD.encode(handle)),
            },
            "clientExtensionResults": {},
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let challenge = self.challenge.as_deref().unwrap_or_else(|| text(&options["challenge"]));
        let kind = self.kind.unwrap_or(kind);
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross_origin})
            .to_string()
    }

    fn authenticator_data(&self, flags: u8) -> Vec<u8> {
        let party = digest(&SHA256, self.rp_id.as_bytes());
        [party.as_ref(), &[flags], &self.count.to_be_bytes()].concat()
    }

    /// CBOR without an attestation.
    fn attestation_object(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        // {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
        let key = [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20],
            &point[1..33],
            &[0x22, 0x58, 0x20],
            &point[33..],
        ]
        .concat();
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let data =
            [&self.authenticator_data(self.flags | ATTESTED), [0; 16].as_slice(), &length, &self.id, &key].concat();
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        // {"fmt": "none", "attStmt": {}, "authData": …}
        [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".as_slice(), &length, &data].concat()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
