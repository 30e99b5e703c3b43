use std::collections::BTreeMap;
use std::net::IpAddr;

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, web};
use application::exports::{Export, Exports};
use domain::events::RecordedEvent;
use domain::identities::Identity;
use domain::mail::{MailState, QueuedMail};
use domain::one_time_tokens::OneTimeToken;
use domain::sessions::RefreshToken;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::attempts::AttemptsBody;
use crate::factors::TotpBody;
use crate::http::responses::{Forbidden, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, Time};
use crate::passkeys::PasskeyBody;
use crate::tasks::TaskBody;
use crate::users::UserBody;

/// What a browser stores it as.
const ATTACHMENT: &str = "attachment; filename=\"export.json\"";

/// What is held about a user, but for secrets: neither passwords nor tokens nor anything that they are computed from.
/// At most 1,000 of each kind.
#[derive(Serialize, ToSchema)]
#[schema(as = Export)]
pub(crate) struct ExportBody {
    user: UserBody,
    /// Whether there is a password. Only its hash is held.
    has_password: bool,
    /// Authenticator apps, also those that are not confirmed.
    totp: Vec<TotpBody>,
    passkeys: Vec<PasskeyBody>,
    /// Accounts at providers that are linked.
    identities: Vec<ExportedIdentity>,
    /// How many recovery codes are left. Only their hashes are held.
    recovery_codes_left: u64,
    /// Live and ended ones, until they are removed.
    sessions: Vec<ExportedSession>,
    /// What happened to the account, the newest first.
    events: Vec<ExportedEvent>,
    /// Links and codes that were mailed.
    one_time_tokens: Vec<ExportedToken>,
    /// Mails to the address. Their text is not held.
    mails: Vec<ExportedMail>,
    attempts: Vec<AttemptsBody>,
    tasks: Vec<TaskBody>,
    /// The members of which there are more than these. All tasks are at `/api/v1/tasks`.
    #[schema(value_type = Vec<String>)]
    left_out: Vec<&'static str>,
}

/// An account at a provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedIdentity {
    id: Uuid,
    #[schema(example = "google")]
    provider: String,
    /// The provider's identifier, and the account's there: what the account is known by.
    #[schema(example = "https://accounts.google.com")]
    issuer: String,
    subject: String,
    /// The address that the provider told when it was linked.
    #[schema(required = true)]
    email: Option<String>,
    created_at: Time,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedSession {
    id: Uuid,
    /// The `User-Agent` of the sign-in.
    #[schema(required = true)]
    user_agent: Option<String>,
    /// The address of the sign-in.
    #[schema(value_type = Option<String>, required = true)]
    address: Option<IpAddr>,
    created_at: Time,
    last_used_at: Time,
    /// When it ends if it is not refreshed.
    expires_at: Time,
    /// When it was ended.
    #[schema(required = true)]
    ended_at: Option<Time>,
    /// Why it was ended.
    #[schema(required = true, example = "logout")]
    ended_for: Option<&'static str>,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedEvent {
    at: Time,
    #[schema(example = "login.succeeded")]
    kind: String,
    /// The kind of who did it: `user` is the account itself.
    #[schema(example = "user")]
    by: String,
    /// From where, unless an admin did it.
    #[schema(value_type = Option<String>, required = true)]
    address: Option<IpAddr>,
    #[schema(required = true)]
    session: Option<Uuid>,
    details: BTreeMap<String, String>,
}

/// A link and a code that were mailed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedToken {
    #[schema(example = "reset_password")]
    purpose: &'static str,
    #[schema(format = Email)]
    email: String,
    created_at: Time,
    expires_at: Time,
    #[schema(required = true)]
    used_at: Option<Time>,
}

/// A mail.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedMail {
    #[schema(example = "reset_password")]
    kind: &'static str,
    /// In which language.
    #[schema(example = "en")]
    locale: String,
    /// `pending`, `sent` or `dead`.
    #[schema(example = "sent")]
    state: &'static str,
    created_at: Time,
    #[schema(required = true)]
    sent_at: Option<Time>,
}

/// Export oneself.
///
/// What is held about the user, as a file: the account, ways in, sessions, events, mails, what is counted of attempts,
/// tasks. They must have proven lately who they are, by a second factor if they have one; a sign-in is such a proof.
/// Otherwise it is 403 with `step_up_required`.
#[utoipa::path(get, path = "/api/v1/users/me/export", tag = "users",
    responses((status = 200, description = "What is held.", body = ExportBody,
        headers(("Content-Disposition" = String, description = "A file."))), Unauthorized, Forbidden, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn export_me(exports: web::Data<Exports>, guarded: Guarded<()>) -> Result<HttpResponse, ApiError> {
    let export = exports.of_me(&guarded.actor).await?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_DISPOSITION, ATTACHMENT)).json(ExportBody::from(export)))
}

impl From<Export> for ExportBody {
    fn from(export: Export) -> Self {
        Self {
            user: UserBody::from(export.user),
            has_password: export.has_password,
            totp: export.totp.iter().map(TotpBody::from).collect(),
            passkeys: export.passkeys.iter().map(PasskeyBody::from).collect(),
            identities: export.identities.into_iter().map(ExportedIdentity::from).collect(),
            recovery_codes_left: export.recovery_codes,
            sessions: export.sessions.into_iter().map(ExportedSession::from).collect(),
            events: export.events.into_iter().map(ExportedEvent::from).collect(),
            one_time_tokens: export.one_time_tokens.into_iter().map(ExportedToken::from).collect(),
            mails: export.mails.into_iter().map(ExportedMail::from).collect(),
            attempts: export.attempts.into_iter().map(AttemptsBody::from).collect(),
            tasks: export.tasks.into_iter().map(TaskBody::from).collect(),
            left_out: export.left_out,
        }
    }
}

impl From<Identity> for ExportedIdentity {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.id.as_uuid(),
            provider: identity.provider.as_str().to_owned(),
            issuer: identity.account.issuer().to_owned(),
            subject: identity.account.subject().to_owned(),
            email: identity.email.map(|email| email.as_str().to_owned()),
            created_at: Time(identity.created_at),
        }
    }
}

impl From<RefreshToken> for ExportedSession {
    fn from(session: RefreshToken) -> Self {
        Self {
            id: session.id.as_uuid(),
            user_agent: session.device.user_agent().map(str::to_owned),
            address: session.device.address(),
            created_at: Time(session.created_at),
            last_used_at: Time(session.last_used_at),
            expires_at: Time(session.idle_expires_at),
            ended_at: session.revocation.map(|revocation| Time(revocation.at)),
            ended_for: session.revocation.map(|revocation| revocation.reason.as_str()),
        }
    }
}

impl From<RecordedEvent> for ExportedEvent {
    fn from(event: RecordedEvent) -> Self {
        Self {
            at: Time(event.at),
            kind: event.kind,
            by: event.by,
            address: event.address,
            session: event.session.map(|session| session.as_uuid()),
            details: event.details.into_iter().collect(),
        }
    }
}

impl From<OneTimeToken> for ExportedToken {
    fn from(token: OneTimeToken) -> Self {
        Self {
            purpose: token.purpose.as_str(),
            email: token.email.as_str().to_owned(),
            created_at: Time(token.created_at),
            expires_at: Time(token.expires_at),
            used_at: token.used_at.map(Time),
        }
    }
}

impl From<QueuedMail> for ExportedMail {
    fn from(mail: QueuedMail) -> Self {
        Self {
            kind: mail.letter.kind(),
            locale: mail.locale.as_str().to_owned(),
            state: mail.state.as_str(),
            created_at: Time(mail.created_at),
            sent_at: match mail.state {
                MailState::Sent { at } => Some(Time(at)),
                MailState::Pending { .. } | MailState::Dead { .. } => None,
            },
        }
    }
}
