use data_encoding::BASE64URL_NOPAD;
use domain::InvalidAccessToken;
use serde::Deserialize;

/// The only header that our tokens have. Any other field, above all one that brings a key or an extension (`jwk`,
/// `jku`, `x5u`, `x5c`, `crit`, `b64`, `zip`), makes a token invalid, and so does a field that is there twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessTokenHeader {
    alg: String,
    typ: String,
    kid: String,
}

impl AccessTokenHeader {
    /// `typ` of access tokens (RFC 9068, section 2.1).
    pub(crate) const TYPE: &str = "at+jwt";

    /// Reads the header of a token of exactly three parts.
    pub(crate) fn read(token: &str) -> Result<Self, InvalidAccessToken> {
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidAccessToken);
        };
        let json = BASE64URL_NOPAD.decode(header.as_bytes()).map_err(|_| InvalidAccessToken)?;
        // Serde would take an array of the right length for the struct as well.
        if json.first() != Some(&b'{') {
            return Err(InvalidAccessToken);
        }
        serde_json::from_slice(&json).map_err(|_| InvalidAccessToken)
    }

    /// Whether the header is the one of tokens signed with HS256 under the key that `kid` names. The type is compared
    /// as a media type: without case, and with or without `application/` (RFC 9068, section 4).
    pub(crate) fn is_ours(&self, kid: &str) -> bool {
        let is_access_token =
            [Self::TYPE, "application/at+jwt"].into_iter().any(|typ| typ.eq_ignore_ascii_case(&self.typ));
        self.alg == "HS256" && is_access_token && self.kid == kid
    }
}
