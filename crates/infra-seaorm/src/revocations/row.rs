use domain::Timestamp;
use domain::sessions::{Revoked, RevokedTokens, SessionId};
use domain::users::{Epoch, UserId};
use sea_orm::{DbErr, QueryResult};
use uuid::Uuid;

use super::entity::Column;
use crate::columns::try_get;

/// Reads what was revoked from a row with the columns `session_id`, `user_id`, `epoch` and `expires_at`, as the feeds
/// select them.
///
/// The database itself refuses rows of another form. A time that cannot be read, such as `infinity`, is for good.
///
/// # Errors
/// When a column is missing, or the row holds neither a session nor a user with an epoch.
pub fn revoked_from_row(row: &QueryResult) -> Result<Revoked, DbErr> {
    let session_id: Option<Uuid> = try_get(row, "", Column::SessionId)?;
    let user_id: Option<Uuid> = try_get(row, "", Column::UserId)?;
    let epoch: Option<i64> = try_get(row, "", Column::Epoch)?;
    let until = try_get(row, "", Column::ExpiresAt).unwrap_or(Timestamp::MAX_UTC);
    let epoch = epoch.and_then(|epoch| u32::try_from(epoch).ok());
    let tokens = match (session_id, user_id, epoch) {
        (Some(id), None, None) => RevokedTokens::OfSession(SessionId::new(id)),
        (None, Some(id), Some(epoch)) => RevokedTokens::OfUser(UserId::new(id), Epoch::new(epoch)),
        _ => return Err(DbErr::Type("a row of revocations is about neither a session nor a user".to_owned())),
    };
    Ok(Revoked { tokens, until })
}
