use application::mail::ListOutbox;
use application::{ApplicationError, Paging};
use chrono::SecondsFormat;
use clap::{Subcommand, value_parser};
use domain::Timestamp;
use domain::mail::{MailId, MailState, OutboxFilter, QueuedMail};
use uuid::Uuid;

use super::{Failure, failure, say};
use crate::config::Config;
use crate::http::chain;
use crate::wiring;

/// Mails that are listed at a time, unless another number is given.
const PAGE: u64 = 100;
/// Most mails that are listed at a time.
const MAX_PAGE: u64 = 1000;

/// What to do with the mails that wait or were given up.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Action {
    /// List them, the newest first: id, when written, state, kind, recipient.
    List {
        /// Only those in this state: pending, sent or dead.
        #[arg(long, value_parser = OutboxFilter::parse)]
        state: Option<OutboxFilter>,
        /// Where the last list ended, as it said.
        #[arg(long)]
        cursor: Option<String>,
        /// Most mails to list.
        #[arg(long, default_value_t = PAGE, value_parser = value_parser!(u64).range(1..=MAX_PAGE))]
        limit: u64,
    },
    /// Show one, with what the relay said.
    Show {
        /// Which one.
        id: Uuid,
    },
    /// Have one sent again.
    Retry {
        /// Which one.
        id: Uuid,
    },
    /// Throw one away.
    Drop {
        /// Which one.
        id: Uuid,
    },
}

pub(super) async fn run(action: Action, config: &Config) -> Result<(), Failure> {
    let mail = wiring::attach(config).await.map_err(failure)?.application.mail;
    let failed = |error: ApplicationError| match error {
        ApplicationError::NotFound => failure("there is no such mail, or it was sent"),
        error => failure(chain(&error)),
    };
    match action {
        Action::List { state, cursor, limit } => {
            let paging = Paging::Cursor { cursor, limit, count: false };
            let list = ListOutbox { filter: state.unwrap_or_default(), paging };
            let page = mail.list(list).await.map_err(failed)?;
            page.items.iter().try_for_each(|mail| say(line(mail)))?;
            page.next_cursor.map_or(Ok(()), |next| say(format!("there are more: --cursor {next}")))
        }
        Action::Show { id } => {
            let mail = mail.show(MailId::new(id)).await.map_err(failed)?;
            let error = mail.last_error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
            say(format!("{}\ntried {} times{error}", line(&mail), mail.attempts))
        }
        Action::Retry { id } => {
            mail.retry(MailId::new(id)).await.map_err(failed)?;
            say("it is due now, and any node that runs sends it")
        }
        Action::Drop { id } => {
            mail.discard(MailId::new(id)).await.map_err(failed)?;
            say("it was thrown away")
        }
    }
}

fn line(mail: &QueuedMail) -> String {
    let time = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let state = match mail.state {
        MailState::Pending { due_at } => format!("pending until {}", time(due_at)),
        MailState::Sent { at } => format!("sent {}", time(at)),
        MailState::Dead { at } => format!("dead since {}", time(at)),
    };
    format!("{} {} {state} {} {}", mail.id, time(mail.created_at), mail.letter.kind(), mail.to.as_str())
}
