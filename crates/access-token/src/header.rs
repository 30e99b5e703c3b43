use domain::access_tokens::InvalidAccessToken;
use domain::keys::{Algorithm, KeyId};
use serde::Deserialize;

use crate::part::{read_part, write_part};
use crate::uuid_text::read_uuid;

/// `typ` of access tokens (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";
const LONG_TYPE: &str = "application/at+jwt";

/// What the header of a token says: which key signed it, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: KeyId,
}

/// The only header that our tokens have. Any other field, above all one that brings a key or an extension (`jwk`,
/// `jku`, `x5u`, `x5c`, `crit`, `b64`, `zip`), makes a token invalid, and so does a field that is there twice. The
/// header of `jsonwebtoken` reads all of these, and `null` as a field that is missing, so it is not used to read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireHeader {
    typ: String,
    alg: String,
    kid: String,
}

impl Header {
    /// Reads the first part of a token. The type is compared as a media type: without case, and with or without
    /// `application/` (RFC 9068, section 4).
    pub(crate) fn read(part: &str) -> Result<Self, InvalidAccessToken> {
        let WireHeader { typ, alg, kid } = read_part(part)?;
        if ![TYPE, LONG_TYPE].into_iter().any(|ours| ours.eq_ignore_ascii_case(&typ)) {
            return Err(InvalidAccessToken);
        }
        let algorithm = Algorithm::parse(&alg).map_err(|_| InvalidAccessToken)?;
        Ok(Self { algorithm, key_id: KeyId::new(read_uuid(&kid)?) })
    }
}

/// The first part of a token.
pub(crate) fn write_header(algorithm: jsonwebtoken::Algorithm, key_id: KeyId) -> String {
    let (typ, kid) = (Some(TYPE.to_owned()), Some(key_id.to_string()));
    write_part(&jsonwebtoken::Header { typ, kid, ..jsonwebtoken::Header::new(algorithm) })
}
