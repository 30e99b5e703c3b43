//! A team's own server: Hexauth's routes, and beside them `/api/v1/notes` with a table of its own.

mod migration;
mod routes;
mod store;

use std::error::Error;
use std::net::TcpListener;
use std::process::ExitCode;

use actix_web::{App, web};
use api_actix::config::{Config, Environment};
use api_actix::hexauth::Hexauth;
use api_actix::{http1, server, telemetry, wiring};

use crate::store::Notes;

#[actix_web::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the logs may not be set up yet")]
            {
                eprintln!("example-embed: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let config = Config::load(None, Environment::of_process(), wiring::CHECKS)?;
    let telemetry = telemetry::init(telemetry::LogStream::Stdout, &config.log, config.traces.as_ref());
    let listener = TcpListener::bind((config.server.host, config.server.port))?;
    let address = listener.local_addr()?;

    // Hexauth migrates its tables first: ours refer to its users.
    let hexauth = Hexauth::start(&config, address).await?;
    wiring::bring_up_to_date::<migration::Migrator>(&config.database).await?;

    let notes = web::Data::new(Notes::new(hexauth.connections().clone()));
    let mount = hexauth.mount();
    let app = move || mount.onto(App::new().app_data(notes.clone()).configure(routes::configure));
    let server = http1::Settings::of(&config).serve(listener, app)?;
    tracing::info!(%address, "listening");
    hexauth.run_until(server, server::asked_to_stop()?).await?;
    telemetry.stop();
    Ok(())
}
