use chrono::TimeDelta;
use domain::Timestamp;
use domain::keys::{Algorithm, KeyId, KeyState, SealedKey, SigningKey, UnreadableKey};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{IdenStatic, QueryResult, TryGetable};

use crate::columns;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) algorithm: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) state: String,
    /// Set exactly in the state "active".
    pub(crate) active_since: Option<DateTimeUtc>,
    /// Set exactly in the state "retired".
    pub(crate) accepted_until: Option<DateTimeUtc>,
    /// In microseconds. It has a meaning only in the state "active".
    pub(crate) token_ttl: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns `active_since` and `accepted_until` of a key in this state.
pub(crate) fn times(state: KeyState) -> (Option<Timestamp>, Option<Timestamp>) {
    match state {
        KeyState::Next => (None, None),
        KeyState::Active { since, .. } => (Some(since), None),
        KeyState::Retired { accepted_until } => (None, Some(accepted_until)),
    }
}

/// The column `token_ttl` of a key in this state.
pub(crate) fn token_ttl(state: KeyState) -> i64 {
    match state {
        KeyState::Active { token_ttl, .. } => token_ttl.num_microseconds().unwrap_or(i64::MAX),
        KeyState::Next | KeyState::Retired { .. } => 0,
    }
}

/// Reads a key, or which column of it this version cannot read.
pub(crate) fn read(row: &QueryResult) -> Result<SigningKey, UnreadableKey> {
    let id = KeyId::new(get(row, Column::Id).unwrap_or_default());
    let state: String = get(row, Column::State).unwrap_or_default();
    key(row, id, &state).map_err(|column| UnreadableKey { id, state, column: column.as_str() })
}

fn key(row: &QueryResult, id: KeyId, state: &str) -> Result<SigningKey, Column> {
    let algorithm: String = get(row, Column::Algorithm)?;
    let algorithm = Algorithm::parse(&algorithm).map_err(|_| Column::Algorithm)?;
    let state = match (state, get(row, Column::ActiveSince)?, get(row, Column::AcceptedUntil)?) {
        ("next", None, None) => KeyState::Next,
        ("active", Some(since), None) => {
            KeyState::Active { since, token_ttl: TimeDelta::microseconds(get(row, Column::TokenTtl)?) }
        }
        ("retired", None, Some(accepted_until)) => KeyState::Retired { accepted_until },
        _ => return Err(Column::State),
    };
    let (sealed, created_at) = (SealedKey::new(get(row, Column::Sealed)?), get(row, Column::CreatedAt)?);
    Ok(SigningKey { id, algorithm, sealed, created_at, state })
}

fn get<T: TryGetable>(row: &QueryResult, column: Column) -> Result<T, Column> {
    columns::try_get(row, "", column).map_err(|_| column)
}

impl From<&SigningKey> for ActiveModel {
    fn from(key: &SigningKey) -> Self {
        let (active_since, accepted_until) = times(key.state);
        Self {
            id: Set(key.id.as_uuid()),
            algorithm: Set(key.algorithm.as_str().to_owned()),
            sealed: Set(key.sealed.as_bytes().to_vec()),
            created_at: Set(key.created_at),
            state: Set(key.state.name().to_owned()),
            active_since: Set(active_since),
            accepted_until: Set(accepted_until),
            token_ttl: Set(token_ttl(key.state)),
        }
    }
}
