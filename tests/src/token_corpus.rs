//! Access tokens that must be refused, made from a valid one by somebody who has everything but its key.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RsaPublicKeyComponents};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};

/// What is wrong with a token or with a part of it, and the token or the part.
pub type Forgery = (String, String);

const LONG: usize = 100 * 1024;

/// Everything that must be refused, given a valid token and the JWK set that its key is in, or not. Each consists of
/// visible ASCII characters and inner spaces, so that it can be sent in a header.
pub fn forgeries(token: &str, jwks: &str) -> Vec<Forgery> {
    let token = Token::read(token);
    let jwks: Value = serde_json::from_str(jwks).unwrap();
    let mut all = unsecured(&token);
    all.extend(signed_with_what_is_public(&token, &jwks));
    all.extend(signed_by_a_stranger(&token));
    all.extend(spoiled_headers(&token.header).into_iter().map(|(name, header)| (name, token.with_header(&header))));
    all.extend(spoiled_claims(&token.claims).into_iter().map(|(name, claims)| (name, token.with_claims(&claims))));
    all.extend(empty_signatures(&token));
    all.extend(other_shapes(&token));
    all.extend(flipped(&token));
    all
}

/// Headers in JSON that must be refused even with a right signature.
pub fn spoiled_headers(header: &str) -> Vec<Forgery> {
    let spoil = |name: &str, value: Value| (format!("header {name} is {}", short(&value)), with(header, name, value));
    let mut all: Vec<_> = strange_members().into_iter().map(|(name, value)| spoil(name, value)).collect();
    for typ in ["JWT", "jwt", "", "at+jwt ", "text/at+jwt", "rt+jwt", "logout+jwt", "application/jwt"] {
        all.push(spoil("typ", json!(typ)));
    }
    for algorithm in other_algorithms(header) {
        all.push(spoil("alg", json!(algorithm)));
    }
    all.extend(strange_kids().into_iter().map(|kid| spoil("kid", kid)));
    for name in ["alg", "typ", "kid"] {
        all.push((format!("header without {name}"), without(header, name)));
        all.push((format!("header with {name} twice"), twice(header, name)));
        all.extend([json!(null), json!(1), json!([]), json!({})].map(|value| spoil(name, value)));
    }
    all.extend(["", "{}", "null", "[]", "not json", "\u{0}"].map(|text| (format!("header {text:?}"), text.to_owned())));
    all.push(("header as an array".to_owned(), as_array(header)));
    all.push(("header with text behind it".to_owned(), format!("{header}{header}")));
    all
}

/// Claims in JSON that must be refused even with a right signature.
pub fn spoiled_claims(claims: &str) -> Vec<Forgery> {
    let spoil = |name: &str, value: Value| (format!("claim {name} is {}", short(&value)), with(claims, name, value));
    let mut all: Vec<_> = strange_times(claims).into_iter().map(|(name, value)| spoil(name, value)).collect();
    for name in ["iss", "aud", "sub", "sid", "jti", "role"] {
        let value = get(claims, name);
        let strange = [json!(null), json!(1), json!(""), json!("other"), json!([value]), json!({}), json!([])];
        all.extend(strange.map(|strange| spoil(name, strange)));
    }
    let id = get(claims, "client_id");
    for strange in
        [json!(null), json!(1), json!(""), json!([id]), json!({}), json!("a b"), json!("é"), json!("c".repeat(256))]
    {
        all.push(spoil("client_id", strange));
    }
    all.push(("claims with client_id twice".to_owned(), twice(claims, "client_id")));
    all.push(spoil("aud", json!([get(claims, "aud"), "other"])));
    all.push(spoil("iss", json!(format!("{}/", get(claims, "iss").as_str().unwrap()))));
    all.push(spoil("role", json!("Admin")));
    for epoch in [json!(-1), json!(1.5), json!("7"), json!(null), json!(1_u64 << 32)] {
        all.push(spoil("epoch", epoch));
    }
    for name in ["iss", "aud", "sub", "sid", "jti", "role", "epoch", "iat", "nbf", "exp"] {
        all.push((format!("claims without {name}"), without(claims, name)));
        all.push((format!("claims with {name} twice"), twice(claims, name)));
    }
    all.extend(["", "{}", "null", "[]", "text", "\"text\""].map(|text| (format!("claims {text:?}"), text.to_owned())));
    all.push(("claims as an array".to_owned(), as_array(claims)));
    all
}

/// A token taken apart: header and claims in JSON.
struct Token {
    text: String,
    header: String,
    claims: String,
    signature: Vec<u8>,
}

impl Token {
    fn read(text: &str) -> Self {
        let parts: Vec<_> = text.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).collect();
        let [header, claims, signature] = parts.try_into().unwrap();
        let json = |bytes| String::from_utf8(bytes).unwrap();
        Self { text: text.to_owned(), header: json(header), claims: json(claims), signature }
    }

    fn with_header(&self, header: &str) -> String {
        join(header.as_bytes(), self.claims.as_bytes(), &self.signature)
    }

    fn with_claims(&self, claims: &str) -> String {
        join(self.header.as_bytes(), claims.as_bytes(), &self.signature)
    }

    fn with_signature(&self, signature: &[u8]) -> String {
        join(self.header.as_bytes(), self.claims.as_bytes(), signature)
    }

    /// The claims under another header, signed by HMAC with any key.
    fn hmac(&self, header: &str, key: &[u8]) -> String {
        let message = message(header.as_bytes(), self.claims.as_bytes());
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes());
        format!("{message}.{}", encode(signature.as_ref()))
    }
}

/// No signature, or one that nobody is to look at.
fn unsecured(token: &Token) -> Vec<Forgery> {
    let mut all = Vec::new();
    for algorithm in ["none", "None", "NONE", "nOnE", "nonE", "none ", ""] {
        let header = with(&token.header, "alg", json!(algorithm));
        all.push((
            format!("alg {algorithm:?} without signature"),
            join(header.as_bytes(), token.claims.as_bytes(), b""),
        ));
        all.push((format!("alg {algorithm:?} with the signature"), token.with_header(&header)));
    }
    all.push(("no signature".to_owned(), token.with_signature(b"")));
    all
}

/// HS256 with the public key in each of its forms as the secret (RFC 8725, section 2.1), or with what anybody knows.
fn signed_with_what_is_public(token: &Token, jwks: &Value) -> Vec<Forgery> {
    let header = with(&token.header, "alg", json!("HS256"));
    let mut secrets = vec![
        ("nothing".to_owned(), Vec::new()),
        ("zeros".to_owned(), vec![0; 32]),
        ("a word".to_owned(), b"secret".to_vec()),
        ("the kid".to_owned(), get(&token.header, "kid").as_str().unwrap().as_bytes().to_vec()),
        ("the JWK set".to_owned(), jwks.to_string().into_bytes()),
    ];
    secrets.extend(jwks["keys"].as_array().unwrap().iter().flat_map(forms_of_public_key));
    let sign = |(name, secret): (String, Vec<u8>)| (format!("HS256 with {name}"), token.hmac(&header, &secret));
    secrets.into_iter().map(sign).collect()
}

fn forms_of_public_key(jwk: &Value) -> Vec<(String, Vec<u8>)> {
    let member = |name: &str| BASE64URL_NOPAD.decode(jwk[name].as_str().unwrap().as_bytes()).unwrap();
    let prefixed = |prefix: &str, bytes: Vec<u8>| [HEXLOWER.decode(prefix.as_bytes()).unwrap(), bytes].concat();
    let (raw, der) = match jwk["kty"].as_str().unwrap() {
        "OKP" => (member("x"), prefixed("302a300506032b6570032100", member("x"))),
        "EC" => {
            let point = [vec![4], member("x"), member("y")].concat();
            (point.clone(), prefixed("3059301306072a8648ce3d020106082a8648ce3d030107034200", point))
        }
        _ => {
            let components = RsaPublicKeyComponents { n: member("n"), e: member("e") };
            (member("n"), components.as_der().unwrap().as_ref().to_vec())
        }
    };
    let pem = to_pem(&der);
    vec![
        ("the raw public key".to_owned(), raw),
        ("the DER".to_owned(), der),
        ("the PEM".to_owned(), pem.clone().into_bytes()),
        ("the PEM without its last line break".to_owned(), pem.trim_end().as_bytes().to_vec()),
        ("the JWK".to_owned(), jwk.to_string().into_bytes()),
    ]
}

fn to_pem(der: &[u8]) -> String {
    let base64 = BASE64.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

/// Signed with a key of one's own, which the header brings along.
fn signed_by_a_stranger(token: &Token) -> Vec<Forgery> {
    let key = Ed25519KeyPair::generate().unwrap();
    let kid = get(&token.header, "kid");
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key().as_ref()), "kid": kid, "alg": "EdDSA",
    });
    let header = with(&token.header, "alg", json!("EdDSA"));
    let headers = [
        ("without more", header.clone()),
        ("with its jwk", with(&header, "jwk", jwk)),
        ("with a jku", with(&header, "jku", json!("https://attacker.example/jwks.json"))),
        ("with an x5u", with(&header, "x5u", json!("https://attacker.example/key.pem"))),
        ("with an x5c", with(&header, "x5c", json!(["MIIB"]))),
        ("with a kid of nobody", with(&header, "kid", json!("deadbeef-0000-4000-8000-000000000000"))),
    ];
    let sign = |(name, header): (&str, String)| {
        let message = message(header.as_bytes(), token.claims.as_bytes());
        let token = format!("{message}.{}", encode(key.sign(message.as_bytes()).as_ref()));
        (format!("signed by a stranger {name}"), token)
    };
    let mut all: Vec<_> = headers.into_iter().map(sign).collect();
    // A reader that takes the key from the file that the kid names finds it empty.
    let header = with(&with(&token.header, "alg", json!("HS256")), "kid", json!("../../../../../../dev/null"));
    all.push(("signed with an empty file".to_owned(), token.hmac(&header, b"")));
    all
}

fn strange_members() -> Vec<(&'static str, Value)> {
    let names = [
        "crit", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "zip", "b64", "cty", "enc", "url", "nonce", "p2c",
        "anything",
    ];
    let values = [json!("x"), json!(["exp"]), json!(null), json!(false), json!({"kty": "oct", "k": "AA"})];
    names.into_iter().flat_map(|name| values.clone().map(|value| (name, value))).collect()
}

fn other_algorithms(header: &str) -> Vec<&'static str> {
    let all = [
        "none", "None", "NONE", "", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES256K",
        "ES384", "ES512", "EdDSA", "Ed25519", "Ed448", "hs256", "es256", "rs256", "eddsa", "EDDSA", "A128KW", "dir",
    ];
    let own = get(header, "alg");
    all.into_iter().filter(|algorithm| own != *algorithm).collect()
}

fn strange_kids() -> Vec<Value> {
    vec![
        json!(""),
        json!("../../../../../../etc/passwd"),
        json!("/dev/null"),
        json!("' OR '1'='1"),
        json!("'; DROP TABLE signing_keys; --"),
        json!("|/bin/sleep 5"),
        json!("https://attacker.example/key"),
        json!("\u{0}"),
        json!("00000000-0000-0000-0000-000000000000\u{0}"),
        json!("00000000000000000000000000000000"),
        json!("{00000000-0000-0000-0000-000000000000}"),
        json!("DEADBEEF-0000-4000-8000-000000000000"),
        json!("k".repeat(LONG)),
    ]
}

fn strange_times(claims: &str) -> Vec<(&'static str, Value)> {
    let exp = get(claims, "exp").as_i64().unwrap();
    let strange = [
        json!(exp.to_string()),
        json!(format!("{exp}.0")),
        json!(exp as f64 + 0.5),
        json!(1.7e9),
        json!(1e300),
        json!(null),
        json!([exp]),
        json!({}),
        json!(true),
        json!(-1),
        json!(-exp),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
    ];
    let mut all: Vec<_> =
        ["exp", "nbf", "iat"].into_iter().flat_map(|name| strange.clone().map(|value| (name, value))).collect();
    all.extend([json!(0), json!(1_000_000_000)].map(|past| ("exp", past)));
    // The year 2200.
    all.extend(["nbf", "iat"].map(|name| (name, json!(7_258_118_400_i64))));
    all
}

fn empty_signatures(token: &Token) -> Vec<Forgery> {
    let mut all = Vec::new();
    for length in [1, 32, 63, 64, 65, 70, 72, 256, 384, 512] {
        all.push((format!("{length} zero bytes for a signature"), token.with_signature(&vec![0; length])));
        all.push((format!("{length} bytes 255 for a signature"), token.with_signature(&vec![255; length])));
    }
    // For ES256: r and s of 0 or 1 and of the group's order, and the zeros in DER (CVE-2022-21449).
    let order = HEXLOWER.decode(b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let zero = vec![0; 32];
    let one = [vec![0; 31], vec![1]].concat();
    for (name, r, s) in [("1, 0", &one, &zero), ("0, 1", &zero, &one), ("n, n", &order, &order), ("n, 1", &order, &one)]
    {
        all.push((format!("r, s = {name}"), token.with_signature(&[r.as_slice(), s].concat())));
    }
    all.push(("zeros in DER".to_owned(), token.with_signature(&[0x30, 6, 2, 1, 0, 2, 1, 0])));
    all.push(("the signature doubled".to_owned(), token.with_signature(&token.signature.repeat(2))));
    all.push(("the signature cut".to_owned(), token.with_signature(&token.signature[1..])));
    all
}

fn other_shapes(token: &Token) -> Vec<Forgery> {
    let text = &token.text;
    let (message, signature) = text.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let shapes = [
        ("one dot", ".".to_owned()),
        ("two dots", "..".to_owned()),
        ("four dots", "....".to_owned()),
        ("100 KB of dots", ".".repeat(LONG)),
        ("100 KB of one letter", "a".repeat(LONG)),
        ("100 KB of signature", format!("{message}.{}", "A".repeat(LONG))),
        ("one part", header.to_owned()),
        ("two parts", message.to_owned()),
        ("two parts and a dot", format!("{message}.")),
        ("four parts", format!("{text}.{signature}")),
        ("five parts", format!("{text}.{claims}.{signature}")),
        ("five parts, three of them empty", format!("{header}....{signature}")),
        ("no header", format!(".{claims}.{signature}")),
        ("no claims", format!("{header}..{signature}")),
        ("a dot before", format!(".{text}")),
        ("a dot behind", format!("{text}.")),
        ("a dot less", text.replacen('.', "", 1)),
        ("padding", format!("{text}=")),
        ("padding of the header", format!("{header}=.{claims}.{signature}")),
        ("a space inside", format!("{header}. {claims}.{signature}")),
        ("a plus inside", format!("{header}.{claims}+.{signature}")),
        ("claims and header swapped", format!("{claims}.{header}.{signature}")),
        ("the parts of JSON serialisation", token.json_serialisation()),
    ];
    shapes.map(|(name, text)| (name.to_owned(), text)).into()
}

impl Token {
    /// The other form of RFC 7515 (section 7.2.2), which nobody may take for a bearer token.
    fn json_serialisation(&self) -> String {
        let [header, claims] = [&self.header, &self.claims].map(|part| encode(part.as_bytes()));
        json!({"protected": header, "payload": claims, "signature": encode(&self.signature)}).to_string()
    }
}

/// Every character of the token changed, and every byte of what it holds.
fn flipped(token: &Token) -> Vec<Forgery> {
    let flip = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let text = token.text.as_bytes();
    let characters = (0..text.len()).map(|at| {
        let spoiled = String::from_utf8(flip(text, at)).unwrap();
        (format!("character {at} flipped"), spoiled)
    });
    let parts = [token.header.as_bytes(), token.claims.as_bytes(), &token.signature];
    let bytes = (0..3).flat_map(|part| (0..parts[part].len()).map(move |at| (part, at))).map(|(part, at)| {
        let mut parts = parts.map(<[u8]>::to_vec);
        parts[part] = flip(&parts[part], at);
        (format!("byte {at} of part {part} flipped"), join(&parts[0], &parts[1], &parts[2]))
    });
    characters.chain(bytes).collect()
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn message(header: &[u8], claims: &[u8]) -> String {
    format!("{}.{}", encode(header), encode(claims))
}

fn join(header: &[u8], claims: &[u8], signature: &[u8]) -> String {
    format!("{}.{}", message(header, claims), encode(signature))
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn get(json: &str, name: &str) -> Value {
    parse(json)[name].clone()
}

fn with(json: &str, name: &str, value: Value) -> String {
    let mut object = parse(json);
    object[name] = value;
    object.to_string()
}

fn without(json: &str, name: &str) -> String {
    let mut object = parse(json);
    object.as_object_mut().unwrap().remove(name).unwrap();
    object.to_string()
}

fn twice(json: &str, name: &str) -> String {
    json.replacen('{', &format!("{{\"{name}\":{},", get(json, name)), 1)
}

fn as_array(json: &str) -> String {
    // In the order in which the members stand, which is the one that a struct would be read in.
    let members = json.trim_matches(['{', '}']).split(',');
    let values: Vec<_> = members.map(|member| member.split_once(':').unwrap().1).collect();
    format!("[{}]", values.join(","))
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}
