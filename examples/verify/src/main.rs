//! Another service, which checks Hexauth's access tokens by itself: `GET /hello` greets the holder of a valid one.

mod tokens;

use std::error::Error;
use std::io::{self, IsTerminal};
use std::net::{SocketAddr, TcpListener};

use actix_web::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::web::Data;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use clap::Parser;

use crate::tokens::{Refused, Tokens};

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
    let app = move || App::new().app_data(tokens.clone()).route("/hello", web::get().to(hello));
    HttpServer::new(app).listen(listener)?.run().await?;
    Ok(())
}

async fn hello(request: HttpRequest, tokens: Data<Tokens>) -> HttpResponse {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        header.and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
    let Some((_, token)) = token else {
        return HttpResponse::Unauthorized().insert_header((WWW_AUTHENTICATE, "Bearer")).finish();
    };
    match tokens.check(token.trim()).await {
        Ok(claims) => HttpResponse::Ok().body(format!("hello {}, you are {}\n", claims.user_id, claims.role)),
        Err(Refused::Invalid) => {
            let challenge = (WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"");
            HttpResponse::Unauthorized().insert_header(challenge).finish()
        }
        Err(Refused::NoKeys) => HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "5")).finish(),
    }
}
