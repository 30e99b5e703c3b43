use data_encoding::BASE64URL_NOPAD;
use domain::Secret;
use domain::access_tokens::AccessClaims;
use domain::keys::KeyId;
use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::signature::Error;

use crate::claims::WireClaims;
use crate::header::write_header;

/// Writes the token of `issuer` for `audience` and signs it with the key of this id, whose algorithm goes into the
/// header (RFC 9068, section 2; RFC 7515, section 5.1). It is not checked whether the key has this id.
///
/// # Errors
/// Those of the key.
pub fn sign_token(
    claims: &AccessClaims,
    issuer: &str,
    audience: &str,
    key_id: KeyId,
    key: &dyn JwtSigner,
) -> Result<Secret, Error> {
    let header = write_header(key.algorithm(), key_id);
    let message = format!("{header}.{}", WireClaims::new(claims, issuer, audience).write());
    let signature = key.try_sign(message.as_bytes())?;
    // All room at once, so that no half-written copy is left behind unwiped.
    let mut token = String::with_capacity(message.len() + 1 + BASE64URL_NOPAD.encode_len(signature.len()));
    token.push_str(&message);
    token.push('.');
    BASE64URL_NOPAD.encode_append(&signature, &mut token);
    Ok(Secret::new(token))
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
    use serde_json::Value;

    use crate::testing::{AUDIENCE, EXPIRES, ISSUER, TestKey, claims, wire_claims};
    use crate::write_jwk_set;

    #[test]
    fn writes_the_header_and_the_claims_of_rfc_9068() {
        for key in TestKey::of_each_algorithm() {
            let token = key.token(&claims());
            let part = |index: usize| {
                let part = token.split('.').nth(index).unwrap();
                serde_json::from_slice::<Value>(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
            };
            assert_eq!((part(0), part(1)), (key.header(), wire_claims()));
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "others read our tokens in this way")]
    fn others_read_the_tokens_with_the_published_keys() {
        let keys = TestKey::of_each_algorithm();
        let set: JwkSet = serde_json::from_str(&write_jwk_set(keys.iter().map(|key| &key.verifying))).unwrap();
        for jwk in &set.keys {
            let kid = jwk.common.key_id.as_deref().unwrap();
            let key = keys.iter().find(|key| key.verifying.id().to_string() == kid).unwrap();
            let token = key.token(&claims());
            let mut validation = Validation::new(decode_header(&token).unwrap().alg);
            validation.set_issuer(&[ISSUER]);
            validation.set_audience(&[AUDIENCE]);
            validation.validate_exp = false;
            let data = decode::<Value>(&token, &DecodingKey::from_jwk(jwk).unwrap(), &validation).unwrap();
            assert_eq!((data.claims["exp"].as_i64(), data.header.kid.as_deref()), (Some(EXPIRES), Some(kid)));
        }
        assert_eq!(set.keys.len(), 3);
    }
}
