use domain::StoreError;
use domain::mail::{Letter, Locale, MailId, MailState, QueuedMail};
use domain::one_time_tokens::{OneTimeTokenId, Purpose};
use domain::users::Email;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::corrupt;

const TABLE: &str = "outbox";

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) recipient: String,
    pub(crate) locale: String,
    /// The letter's kind.
    pub(crate) kind: String,
    /// The letter's device, if it tells of one.
    pub(crate) device: Option<String>,
    /// The device's address.
    pub(crate) address: Option<String>,
    pub(crate) token_id: Option<Uuid>,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) attempts: i64,
    pub(crate) last_error: Option<String>,
    /// Set while it waits.
    pub(crate) due_at: Option<DateTimeUtc>,
    /// Set once it was sent.
    pub(crate) sent_at: Option<DateTimeUtc>,
    /// Set once it was given up.
    pub(crate) died_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for QueuedMail {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = row.id;
        let address = row.address.map(|text| text.parse()).transpose().map_err(corrupt(TABLE, "address", id))?;
        let letter = match row.kind.as_str() {
            "email_changed" => Letter::EmailChanged,
            "already_registered" => Letter::AlreadyRegistered,
            "password_changed" => Letter::PasswordChanged,
            "new_device" => Letter::NewDevice { device: row.device, address },
            "account_disabled" => Letter::AccountDisabled,
            "account_deleted" => Letter::AccountDeleted,
            purpose => Letter::Token(Purpose::parse(purpose).map_err(corrupt(TABLE, "kind", id))?),
        };
        let state = match (row.due_at, row.sent_at, row.died_at) {
            (Some(due_at), None, None) => MailState::Pending { due_at },
            (None, Some(at), None) => MailState::Sent { at },
            (None, None, Some(at)) => MailState::Dead { at },
            _ => return Err(corrupt(TABLE, "due_at", id)(())),
        };
        Ok(QueuedMail {
            id: MailId::new(id),
            to: Email::parse(&row.recipient).map_err(corrupt(TABLE, "recipient", id))?,
            locale: Locale::parse(&row.locale).map_err(corrupt(TABLE, "locale", id))?,
            letter,
            token_id: row.token_id.map(OneTimeTokenId::new),
            created_at: row.created_at,
            attempts: u32::try_from(row.attempts).map_err(corrupt(TABLE, "attempts", id))?,
            last_error: row.last_error,
            state,
        })
    }
}

impl From<&QueuedMail> for ActiveModel {
    fn from(mail: &QueuedMail) -> Self {
        let (device, address) = match &mail.letter {
            Letter::NewDevice { device, address } => (device.clone(), address.map(|address| address.to_string())),
            _ => (None, None),
        };
        let (due_at, sent_at, died_at) = match mail.state {
            MailState::Pending { due_at } => (Some(due_at), None, None),
            MailState::Sent { at } => (None, Some(at), None),
            MailState::Dead { at } => (None, None, Some(at)),
        };
        Self {
            id: Set(mail.id.as_uuid()),
            recipient: Set(mail.to.as_str().to_owned()),
            locale: Set(mail.locale.as_str().to_owned()),
            kind: Set(mail.letter.kind().to_owned()),
            device: Set(device),
            address: Set(address),
            token_id: Set(mail.token_id.map(OneTimeTokenId::as_uuid)),
            created_at: Set(mail.created_at),
            attempts: Set(mail.attempts.into()),
            last_error: Set(mail.last_error.clone()),
            due_at: Set(due_at),
            sent_at: Set(sent_at),
            died_at: Set(died_at),
        }
    }
}
