//! The notes in the database, on the connections that Hexauth has opened.

use actix_web::http::StatusCode;
use api_actix::wiring::Connections;
use api_actix::{ApiError, ErrorRow};
use application::ApplicationError;
use domain::users::UserId;
use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, IntoActiveModel, QueryOrder, SqlErr};
use serde::Serialize;

mod note {
    use super::*;

    /// A note, in the database and in answers alike.
    #[sea_orm::model]
    #[derive(Clone, Debug, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "notes")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        #[serde(skip)]
        pub(crate) user_id: Uuid,
        pub(crate) text: String,
        pub(crate) created_at: DateTimeUtc,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) use note::Model as Note;
use note::{Column, Entity};

/// Most notes of one user. Two requests at once may make one more.
const MAX_NOTES: u64 = 100;
const TOO_MANY_NOTES: ErrorRow = ErrorRow::new(StatusCode::CONFLICT, "too_many_notes", "A user has 100 notes at most.");

pub(crate) struct Notes(Connections);

impl Notes {
    pub(crate) fn new(connections: Connections) -> Self {
        Self(connections)
    }

    pub(crate) async fn insert(&self, note: Note) -> Result<(), ApiError> {
        let of_user = Entity::find().filter(Column::UserId.eq(note.user_id));
        if of_user.count(&self.0).await.map_err(|error| self.error(error))? >= MAX_NOTES {
            return Err(TOO_MANY_NOTES.into());
        }
        let insert = Entity::insert(note.into_active_model());
        insert.exec_without_returning(&self.0).await.map(drop).map_err(|error| self.error(error))
    }

    /// All notes of a user, the newest first.
    pub(crate) async fn list(&self, user: UserId) -> Result<Vec<Note>, ApiError> {
        let of_user = Entity::find().filter(Column::UserId.eq(user.as_uuid()));
        of_user
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .all(&self.0)
            .await
            .map_err(|error| self.error(error))
    }

    /// Another's note is not found, either.
    pub(crate) async fn delete(&self, user: UserId, id: Uuid) -> Result<(), ApiError> {
        let delete = Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::UserId.eq(user.as_uuid()));
        let result = delete.exec(&self.0).await.map_err(|error| self.error(error))?;
        if result.rows_affected == 1 { Ok(()) } else { Err(ApiError::NotFound) }
    }

    fn error(&self, error: DbErr) -> ApiError {
        match error.sql_err() {
            // The user was deleted a moment ago.
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => ApplicationError::InvalidAccessToken.into(),
            _ => self.0.error(error).into(),
        }
    }
}
