use domain::events::{By, Event, RecordedEvent};
use domain::sessions::SessionId;
use domain::users::UserId;
use sea_orm::ActiveValue::Set;
use sea_orm::JsonValue;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) at: DateTimeUtc,
    pub(crate) kind: String,
    pub(crate) subject: Option<Uuid>,
    pub(crate) actor_kind: String,
    /// For a user a UUID, and for a client its id in the configuration.
    pub(crate) actor_id: Option<String>,
    pub(crate) actor_session: Option<Uuid>,
    pub(crate) session: Option<Uuid>,
    pub(crate) address: Option<String>,
    /// An object whose values are strings.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) details: Json,
}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for RecordedEvent {
    const TABLE: &'static str = "events";

    fn from_row(row: &Row<'_>) -> Option<Self> {
        let details = match row.get::<JsonValue>(Column::Details) {
            Some(JsonValue::Object(details)) => details,
            _ => Default::default(),
        };
        let text = |value: JsonValue| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let address = row.get::<String>(Column::Address);
        Some(RecordedEvent {
            at: row.get(Column::At)?,
            kind: row.get(Column::Kind)?,
            by: row.get(Column::ActorKind)?,
            // The id of a client is none of these.
            user: row.get::<String>(Column::ActorId).and_then(|id| id.parse().ok()).map(UserId::new),
            address: address.and_then(|address| row.valid(Column::Address, address.parse())),
            session: row.get(Column::Session).map(SessionId::new),
            details: details.into_iter().map(|(name, value)| (name, text(value))).collect(),
        })
    }
}

impl From<&Event> for ActiveModel {
    fn from(event: &Event) -> Self {
        let (actor_id, actor_session) = match &event.by {
            By::User { user, session } => (Some(user.to_string()), Some(session.as_uuid())),
            By::Client { id } => (Some(id.clone()), None),
            By::Operator | By::Node | By::Anyone => (None, None),
        };
        let details = event.what.details().into_iter();
        Self {
            id: Set(event.id.as_uuid()),
            at: Set(event.at),
            kind: Set(event.what.kind().to_owned()),
            subject: Set(event.what.subject()),
            actor_kind: Set(event.by.kind().to_owned()),
            actor_id: Set(actor_id),
            actor_session: Set(actor_session),
            session: Set(event.what.session().map(|session| session.as_uuid())),
            address: Set(event.address.map(|address| address.to_string())),
            details: Set(JsonValue::Object(
                details.map(|(name, value)| (name.to_owned(), JsonValue::String(value))).collect(),
            )),
        }
    }
}
