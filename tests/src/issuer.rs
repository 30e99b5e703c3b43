//! An OpenID provider that says what a test wants, right or wrong, and GitHub's API beside it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// What this service is called there.
pub const CLIENT_ID: &str = "hexauth";

/// A provider. The code that a test brings from it is the nonce that the ID token has.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its identifier.
    pub url: String,
    /// What it does.
    pub script: Arc<Mutex<Script>>,
}

/// What a provider does. What is set replaces members of what it would say by itself; `null` takes one away.
#[derive(Debug, Default)]
pub struct Script {
    /// Of the discovery document.
    pub metadata: Value,
    /// Of the header of ID tokens.
    pub header: Value,
    /// Of the claims of ID tokens.
    pub claims: Value,
    /// In the place of the signature.
    pub signature: Option<Vec<u8>>,
    /// What it says of whoever has the access token.
    pub userinfo: Value,
    /// The addresses of a user of GitHub.
    pub addresses: Value,
    /// The keys that it publishes, by the seeds that they are made of. It signs with the last one.
    pub keys: Vec<u8>,
    /// It answers everything so.
    pub answer: Option<(u16, &'static str, String)>,
    /// It waits so long before each answer.
    pub delay: Duration,
    /// It does not answer at this path.
    pub slow_path: &'static str,
    /// How often tokens were asked for.
    pub token_requests: usize,
    /// How often keys were asked for.
    pub key_requests: usize,
    /// The last form that came with a code.
    pub form: Vec<(String, String)>,
}

impl Issuer {
    /// A provider on a port of its own.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start() -> Self {
        Self::start_at(0).await
    }

    /// A provider on this port.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start_at(port: u16) -> Self {
        let script = Arc::new(Mutex::new(Script { keys: vec![1], ..Script::default() }));
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Self { url, script };
        let data = issuer.clone();
        let server =
            HttpServer::new(move || App::new().app_data(web::Data::new(data.clone())).default_service(web::to(serve)));
        tokio::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        issuer
    }

    /// Changes what it does.
    ///
    /// # Panics
    /// When a test has panicked meanwhile.
    pub fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// What it says of whoever signs in next.
    pub fn says(&self, claims: Value) {
        self.set(|script| script.claims = claims);
    }

    fn answer(&self, path: &str, body: &[u8]) -> HttpResponse {
        let mut script = self.script.lock().unwrap();
        match path {
            "/token" => script.token_requests += 1,
            "/jwks" => script.key_requests += 1,
            _ => {}
        }
        if let Some((status, kind, body)) = &script.answer {
            let status = actix_web::http::StatusCode::from_u16(*status).unwrap();
            return HttpResponse::build(status)
                .insert_header(("content-type", *kind))
                .insert_header(("location", "/elsewhere"))
                .body(body.clone());
        }
        let url = &self.url;
        HttpResponse::Ok().json(match path {
            "/.well-known/openid-configuration" => with(
                json!({
                    "issuer": url, "authorization_endpoint": format!("{url}/auth?prompt=login"),
                    "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/jwks"),
                    "userinfo_endpoint": format!("{url}/me"),
                }),
                &script.metadata,
            ),
            "/jwks" => json!({"keys": script.keys.iter().map(|seed| jwk(*seed)).collect::<Vec<_>>()}),
            "/token" | "/login/oauth/access_token" => {
                script.form = form(body);
                let nonce = script.form.iter().find(|(name, _)| name == "code").map(|(_, code)| code.clone());
                let token = self.id_token(&script, &nonce.unwrap_or_default());
                json!({"access_token": "opaque", "token_type": "Bearer", "id_token": token})
            }
            "/me" => with(
                with(json!({"sub": "1"}), &json!({"sub": script.claims.get("sub").unwrap_or(&json!("1"))})),
                &script.userinfo,
            ),
            "/api/v3/user" => json!({"id": 42, "login": "ada", "email": "anyone@example.com"}),
            "/api/v3/user/emails" => script.addresses.clone(),
            _ => return HttpResponse::NotFound().finish(),
        })
    }

    #[expect(clippy::disallowed_methods, reason = "another service has another clock")]
    fn id_token(&self, script: &Script, nonce: &str) -> String {
        let seed = *script.keys.last().unwrap();
        let header = with(json!({"alg": "EdDSA", "kid": format!("key-{seed}")}), &script.header);
        let now = chrono::Utc::now().timestamp();
        let claims = json!({
            "iss": self.url, "aud": CLIENT_ID, "sub": "1", "iat": now, "exp": now + 300, "nonce": nonce,
        });
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", part(&header), part(&with(claims, &script.claims)));
        let signature = script.signature.clone();
        let signature = signature.unwrap_or_else(|| key(seed).sign(message.as_bytes()).as_ref().to_vec());
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
    }
}

async fn serve(issuer: web::Data<Issuer>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let (delay, slow_path) = {
        let script = issuer.script.lock().unwrap();
        (script.delay, script.slow_path)
    };
    let delay = if request.path() == slow_path { Duration::from_secs(60) } else { delay };
    tokio::time::sleep(delay).await;
    issuer.answer(request.path(), &body)
}

fn with(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
            value => object[name] = value.clone(),
        }
    }
    object
}

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn jwk(seed: u8) -> Value {
    let x = BASE64URL_NOPAD.encode(key(seed).public_key().as_ref());
    json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": format!("key-{seed}"), "x": x})
}

/// The fields of a form or a query.
pub fn form(body: &[u8]) -> Vec<(String, String)> {
    let parsed = web::Query::<Vec<(String, String)>>::from_query(std::str::from_utf8(body).unwrap_or_default());
    parsed.map(web::Query::into_inner).unwrap_or_default()
}
