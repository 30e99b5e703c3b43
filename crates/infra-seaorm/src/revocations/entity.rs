use domain::sessions::{Revoked, RevokedTokens};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

/// On PostgreSQL the table has another column, which the database fills and only the feed reads.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocations")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) session_id: Option<Uuid>,
    pub(crate) user_id: Option<Uuid>,
    /// Set exactly when `user_id` is.
    pub(crate) epoch: Option<i64>,
    pub(crate) expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl From<&Revoked> for ActiveModel {
    fn from(revoked: &Revoked) -> Self {
        let (session_id, user_id, epoch) = match revoked.tokens {
            RevokedTokens::OfSession(id) => (Some(id.as_uuid()), None, None),
            RevokedTokens::OfUser(id, epoch) => (None, Some(id.as_uuid()), Some(i64::from(epoch.get()))),
        };
        Self {
            id: NotSet,
            session_id: Set(session_id),
            user_id: Set(user_id),
            epoch: Set(epoch),
            expires_at: Set(revoked.until),
        }
    }
}
