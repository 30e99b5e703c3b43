use domain::Timestamp;
use domain::attempts::{AttemptCount, AttemptKey, Attempted, Counted, Network};
use sea_orm::entity::prelude::*;

/// Times are milliseconds since 1970: the database adds to them, and both databases add numbers alike.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: Vec<u8>,
    pub(crate) count: i64,
    pub(crate) last_at: i64,
    pub(crate) free_at: i64,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) attempted: Option<String>,
    pub(crate) network: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for AttemptCount {
    fn from(row: Model) -> Self {
        AttemptCount {
            count: u32::try_from(row.count).unwrap_or(u32::MAX),
            last_at: time(row.last_at),
            free_at: time(row.free_at),
        }
    }
}

impl Model {
    /// What it counts, which a key among `others` knows, or the row itself. `None` if it is something that only a newer
    /// version knows.
    pub(crate) fn counted(self, others: &[AttemptKey]) -> Option<Counted> {
        let other = others.iter().find(|key| key.as_bytes()[..] == self.key);
        let attempted = match other {
            Some(key) => key.attempted(),
            None => Attempted::parse(self.attempted.as_deref()?)?,
        };
        let network = self.network.as_deref().and_then(Network::parse);
        Some(Counted { attempted, network, count: self.into() })
    }
}

/// A time so far away that it cannot be told is long past: nobody is kept waiting by a broken row.
fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_timestamp_millis(milliseconds).unwrap_or_default()
}
