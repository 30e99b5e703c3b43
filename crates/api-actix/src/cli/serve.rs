use super::{Failure, failure, say};
use crate::config::{Config, LogFormat, Mode};
use crate::node::server::{Server, asked_to_stop};

/// Serves until SIGTERM, SIGHUP or Ctrl-C.
pub(super) async fn run(mut config: Config) -> Result<(), Failure> {
    let mut asked_to_stop = Box::pin(asked_to_stop().map_err(failure)?);
    let server = tokio::select! {
        server = Server::build(&config) => server.map_err(failure)?,
        () = &mut asked_to_stop => return Ok(()),
    };
    greet(&config, &server)?;
    // The password has done its work. This wipes it; what the environment holds stays with the process.
    config.bootstrap = None;
    let delay = config.server.shutdown_delay;
    let shutdown = async move {
        asked_to_stop.await;
        match delay.is_zero() {
            true => tracing::info!("stopping: requests in flight may finish"),
            false => tracing::info!(?delay, "stopping: not ready any more, and served until the delay is over"),
        }
    };
    server.run_until(shutdown).await.map_err(failure)?;
    tracing::info!("stopped");
    Ok(())
}

/// Tells a person where to go next, and a log where the server listens.
fn greet(config: &Config, server: &Server) -> Result<(), Failure> {
    let address = server.address();
    tracing::info!(%address, "listening");
    if config.log.format != LogFormat::Pretty || config.mode == Mode::Production {
        return Ok(());
    }
    let docs = if config.server.docs { format!("\n  API docs:     http://{address}/docs/") } else { String::new() };
    let first_admin = match &config.bootstrap {
        // The log says what came of it.
        Some(_) => "by APP_BOOTSTRAP__ADMIN_EMAIL",
        None => {
            "hexauth create-admin --email you@example.com\n                (from the sources: cargo run -- create-admin \
             --email you@example.com)"
        }
    };
    say(format!("\n  Hexauth is listening on http://{address}{docs}\n  First admin:  {first_admin}\n"))
}
