use data_encoding::BASE64URL_NOPAD;
use domain::access_tokens::InvalidAccessToken;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads the header or the claims: a JSON object in Base64url without padding (RFC 7515, section 2).
pub(crate) fn read_part<T: DeserializeOwned>(part: &str) -> Result<T, InvalidAccessToken> {
    let json = BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| InvalidAccessToken)?;
    // Serde would take an array of the right length for a struct as well.
    if json.first() != Some(&b'{') {
        return Err(InvalidAccessToken);
    }
    serde_json::from_slice(&json).map_err(|_| InvalidAccessToken)
}

/// Writes the header or the claims.
#[expect(clippy::expect_used, reason = "structs of text and numbers always encode")]
pub(crate) fn write_part(part: &impl Serialize) -> String {
    BASE64URL_NOPAD.encode(&serde_json::to_vec(part).expect("it can be written as JSON"))
}
