use std::net::IpAddr;

use domain::mail::{Letter, MailId, MailState, QueuedMail};
use domain::one_time_tokens::OneTimeTokenId;
use domain::users::{Email, Locale};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) recipient: String,
    /// The recipient in lower case: equal for equal addresses.
    pub(crate) recipient_key: String,
    pub(crate) locale: String,
    /// The letter's kind.
    pub(crate) kind: String,
    /// The device or the provider that the letter names, if it tells of one.
    pub(crate) device: Option<String>,
    /// The device's address.
    pub(crate) address: Option<String>,
    /// How many recovery codes are left, if the letter tells of it.
    pub(crate) codes_left: Option<i64>,
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

impl FromRow for QueuedMail {
    const TABLE: &'static str = "outbox";

    fn from_row(row: &Row<'_>) -> Option<Self> {
        Some(QueuedMail {
            id: MailId::new(row.id()),
            to: row.valid(Column::Recipient, Email::parse(&row.get::<String>(Column::Recipient)?))?,
            locale: row.valid(Column::Locale, Locale::parse(&row.get::<String>(Column::Locale)?)).unwrap_or_default(),
            letter: letter(row)?,
            token_id: row.get(Column::TokenId).map(OneTimeTokenId::new),
            created_at: row.get(Column::CreatedAt)?,
            attempts: u32::try_from(row.get::<i64>(Column::Attempts)?).unwrap_or(u32::MAX),
            last_error: row.get(Column::LastError),
            state: match (row.get(Column::DueAt), row.get(Column::SentAt), row.get(Column::DiedAt)) {
                (Some(due_at), None, None) => MailState::Pending { due_at },
                (None, None, Some(at)) => MailState::Dead { at },
                // What may have been sent is not sent again.
                (_, at, _) => MailState::Sent { at: at? },
            },
        })
    }
}

fn letter(row: &Row<'_>) -> Option<Letter> {
    let letter = row.valid(Column::Kind, Letter::parse(&row.get::<String>(Column::Kind)?))?;
    Some(match letter {
        Letter::NewDevice { .. } => Letter::NewDevice { device: row.get(Column::Device), address: address(row) },
        Letter::IdentityLinked { .. } => Letter::IdentityLinked { provider: row.get(Column::Device) },
        Letter::IdentityUnlinked { .. } => Letter::IdentityUnlinked { provider: row.get(Column::Device) },
        Letter::RecoveryCodeUsed { .. } => {
            let left = row.get::<i64>(Column::CodesLeft).and_then(|left| left.try_into().ok());
            Letter::RecoveryCodeUsed { left: left.unwrap_or_default() }
        }
        letter => letter,
    })
}

fn address(row: &Row<'_>) -> Option<IpAddr> {
    row.valid(Column::Address, row.get::<String>(Column::Address)?.parse())
}

impl From<&QueuedMail> for ActiveModel {
    fn from(mail: &QueuedMail) -> Self {
        let (device, address) = match &mail.letter {
            Letter::NewDevice { device, address } => (device.clone(), address.map(|address| address.to_string())),
            Letter::IdentityLinked { provider } | Letter::IdentityUnlinked { provider } => (provider.clone(), None),
            _ => (None, None),
        };
        let codes_left = match mail.letter {
            Letter::RecoveryCodeUsed { left } => i64::try_from(left).ok(),
            _ => None,
        };
        let (due_at, sent_at, died_at) = match mail.state {
            MailState::Pending { due_at } => (Some(due_at), None, None),
            MailState::Sent { at } => (None, Some(at), None),
            MailState::Dead { at } => (None, None, Some(at)),
        };
        Self {
            id: Set(mail.id.as_uuid()),
            recipient: Set(mail.to.as_str().to_owned()),
            recipient_key: Set(mail.to.key().to_owned()),
            locale: Set(mail.locale.as_str().to_owned()),
            kind: Set(mail.letter.kind().to_owned()),
            device: Set(device),
            address: Set(address),
            codes_left: Set(codes_left),
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
