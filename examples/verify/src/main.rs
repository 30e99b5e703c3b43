//! Another service, which checks Hexauth's access tokens by itself: `GET /hello` greets the holder of a valid one, and
//! `POST /payments` takes one only whose user has shown two factors lately.

mod tokens;

use std::error::Error;
use std::io::{self, IsTerminal};
use std::net::{SocketAddr, TcpListener};

use access_token::{AccessClaims, Authentication, TimeDelta};
use actix_web::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::web::Data;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use clap::Parser;

use crate::tokens::{Refused, Tokens, now};

/// How old a proof of who somebody is may be for a payment.
const MAX_AGE: TimeDelta = TimeDelta::minutes(10);

/// Greets the holder of an access token of Hexauth.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Where Hexauth publishes its keys.
    #[arg(long, default_value = "http://127.0.0.1:8080/.well-known/jwks.json")]
    jwks: String,
    /// What Hexauth has in APP_JWT__ISSUER.
    #[arg(long, default_value = "hexauth")]
    issuer: String,
    /// What Hexauth has in APP_JWT__AUDIENCE.
    #[arg(long, default_value = "hexauth")]
    audience: String,
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).init();
    let listener = TcpListener::bind(arguments.listen)?;
    let tokens = Data::new(Tokens::new(arguments.jwks, arguments.issuer, arguments.audience)?);
    actix_web::rt::spawn(tokens.clone().into_inner().follow_keys());
    tracing::info!(address = %listener.local_addr()?, "listening");
    let app = move || {
        App::new()
            .app_data(tokens.clone())
            .route("/hello", web::get().to(hello))
            .route("/payments", web::post().to(pay))
    };
    HttpServer::new(app).listen(listener)?.run().await?;
    Ok(())
}

async fn hello(request: HttpRequest, tokens: Data<Tokens>) -> HttpResponse {
    match holder(&request, &tokens).await {
        Ok(claims) => HttpResponse::Ok().body(format!("hello {}, you are {}\n", claims.user_id, claims.role)),
        Err(refusal) => refusal,
    }
}

/// What is worth more than a token that somebody may have left lying about. Whoever has not shown enough is told what
/// it takes (RFC 9470), proves it at Hexauth by `POST /api/v1/auth/step-up`, refreshes, and comes again.
async fn pay(request: HttpRequest, tokens: Data<Tokens>) -> HttpResponse {
    let claims = match holder(&request, &tokens).await {
        Ok(claims) => claims,
        Err(refusal) => return refusal,
    };
    let time = now();
    let is_enough = |proven: &Authentication| proven.methods.has_second_factor() && proven.is_recent(MAX_AGE, time);
    if claims.authentication.as_ref().is_some_and(is_enough) {
        return HttpResponse::Ok().body("paid\n");
    }
    let challenge = format!("Bearer error=\"insufficient_user_authentication\", max_age=\"{}\"", MAX_AGE.num_seconds());
    HttpResponse::Unauthorized().insert_header((WWW_AUTHENTICATE, challenge)).finish()
}

/// Whose token came with the request, or what is said instead.
async fn holder(request: &HttpRequest, tokens: &Tokens) -> Result<AccessClaims, HttpResponse> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        header.and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
    let Some((_, token)) = token else {
        return Err(HttpResponse::Unauthorized().insert_header((WWW_AUTHENTICATE, "Bearer")).finish());
    };
    tokens.check(token.trim()).await.map_err(|refused| match refused {
        Refused::Invalid => {
            let challenge = (WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"");
            HttpResponse::Unauthorized().insert_header(challenge).finish()
        }
        Refused::NoKeys => HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "5")).finish(),
    })
}
