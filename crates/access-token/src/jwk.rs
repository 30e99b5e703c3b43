use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use domain::keys::{Algorithm, KeyId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::uuid_text::read_uuid;
use crate::{InvalidKey, PublicKey, VerifyingKey};

/// The members that hold what must not be published (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1; RFC 8037, section 2).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key as it stands in a JWK set (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2).
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Jwk {
    kty: String,
    kid: String,
    alg: String,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_ops: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(flatten, skip_serializing)]
    others: BTreeMap<String, IgnoredAny>,
}

impl Jwk {
    /// The form to publish. `None` for a symmetric key, which has no public half.
    pub(crate) fn new(key: &VerifyingKey) -> Option<Self> {
        let jwk = Self {
            kid: key.id().to_string(),
            alg: key.algorithm().as_str().to_owned(),
            usage: Some("sig".to_owned()),
            ..Self::default()
        };
        let with = |kty: &str, crv: Option<&str>| Self { kty: kty.to_owned(), crv: crv.map(str::to_owned), ..jwk };
        Some(match key.public_half()? {
            PublicKey::Ed25519(x) => Self { x: encode(x), ..with("OKP", Some("Ed25519")) },
            PublicKey::P256 { x, y } => Self { x: encode(x), y: encode(y), ..with("EC", Some("P-256")) },
            PublicKey::Rsa { n, e } => Self { n: encode(n), e: encode(e), ..with("RSA", None) },
        })
    }

    /// The key of an entry of a JWK set. One that holds anything private is refused: its owner gave it away.
    pub(crate) fn verifying_key(&self) -> Result<VerifyingKey, InvalidKey> {
        if PRIVATE_MEMBERS.into_iter().any(|name| self.others.contains_key(name)) {
            return Err(InvalidKey);
        }
        let id = KeyId::new(read_uuid(&self.kid).map_err(|_| InvalidKey)?);
        let is_for_signatures = self.usage.as_ref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|it| it == "verify"));
        if is_for_signatures { VerifyingKey::public(id, self.public_key()?) } else { Err(InvalidKey) }
    }

    fn public_key(&self) -> Result<PublicKey, InvalidKey> {
        let algorithm = Algorithm::parse(&self.alg).map_err(|_| InvalidKey)?;
        match (algorithm, self.kty.as_str(), self.crv.as_deref()) {
            (Algorithm::EdDsa, "OKP", Some("Ed25519")) => Ok(PublicKey::Ed25519(coordinate(&self.x)?)),
            (Algorithm::Es256, "EC", Some("P-256")) => {
                Ok(PublicKey::P256 { x: coordinate(&self.x)?, y: coordinate(&self.y)? })
            }
            (Algorithm::Rs256, "RSA", None) => Ok(PublicKey::Rsa { n: decode(&self.n)?, e: decode(&self.e)? }),
            _ => Err(InvalidKey),
        }
    }
}

fn encode(bytes: &[u8]) -> Option<String> {
    Some(BASE64URL_NOPAD.encode(bytes))
}

fn decode(member: &Option<String>) -> Result<Vec<u8>, InvalidKey> {
    let text = member.as_ref().ok_or(InvalidKey)?;
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| InvalidKey)
}

fn coordinate(member: &Option<String>) -> Result<[u8; 32], InvalidKey> {
    decode(member)?.try_into().map_err(|_| InvalidKey)
}
