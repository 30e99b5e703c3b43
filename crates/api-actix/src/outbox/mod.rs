//! The mails that wait, were sent or were given up, for admins.

mod list_outbox;

use actix_web::web::{Data, ServiceConfig, get, resource};
use domain::mail::{MailState, QueuedMail};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::http::{Feature, Time};

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.mail.clone())),
    routes,
    openapi: Document::openapi,
    errors: &[],
    #[cfg(test)]
    bodies: || vec![],
};

fn routes(config: &mut ServiceConfig) {
    config.service(resource("/outbox").route(get().to(list_outbox::list_outbox)));
}

#[derive(OpenApi)]
#[openapi(
    paths(list_outbox::list_outbox),
    components(schemas(MailStateBody)),
    tags((name = "outbox", description = "The mails that wait, were sent or were given up, for admins."))
)]
struct Document;

/// A mail. Neither its text nor its link or code is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = Mail)]
pub(crate) struct MailBody {
    /// Its `Message-ID` begins with it.
    id: Uuid,
    /// What it says.
    #[schema(example = "reset_password")]
    kind: &'static str,
    /// Who gets it.
    #[schema(format = Email, example = "ada@example.com")]
    to: String,
    #[schema(value_type = MailStateBody)]
    state: &'static str,
    /// When it is due or its lease ends, or when it was sent or given up.
    at: Time,
    /// How often it was tried.
    attempts: u32,
    /// What the relay said the last time.
    #[schema(required = true, example = "the relay refused the mail: permanent error (550): no such user")]
    last_error: Option<String>,
    /// When it was written.
    created_at: Time,
}

/// Where a mail is on its way.
#[derive(ToSchema)]
#[schema(as = MailState, rename_all = "lowercase")]
#[expect(
    dead_code,
    reason = "describes the values in the OpenAPI document; domain::mail::MailState is what the code uses"
)]
pub(crate) enum MailStateBody {
    /// It waits.
    Pending,
    /// The relay took it.
    Sent,
    /// It was given up.
    Dead,
}

impl From<QueuedMail> for MailBody {
    fn from(mail: QueuedMail) -> Self {
        let (MailState::Pending { due_at: at } | MailState::Sent { at } | MailState::Dead { at }) = mail.state;
        Self {
            id: mail.id.as_uuid(),
            kind: mail.letter.kind(),
            to: mail.to.as_str().to_owned(),
            state: mail.state.as_str(),
            at: Time(at),
            attempts: mail.attempts,
            last_error: mail.last_error,
            created_at: Time(mail.created_at),
        }
    }
}
