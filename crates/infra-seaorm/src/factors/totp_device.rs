use domain::factors::{FactorName, SealedTotpSecret, TotpDevice, TotpDeviceId, TotpStep};
use domain::users::UserId;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "totp_devices")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) id: Uuid,
    pub(super) user_id: Uuid,
    pub(super) name: String,
    pub(super) name_key: String,
    pub(super) secret: Vec<u8>,
    pub(super) created_at: DateTimeUtc,
    pub(super) confirmed_at: Option<DateTimeUtc>,
    pub(super) last_step: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for TotpDevice {
    const TABLE: &'static str = "totp_devices";

    /// Everything but the name decides whether a code is taken. Whether it was taken before, only the statement that
    /// takes it decides.
    fn from_row(row: &Row<'_>) -> Option<Self> {
        Some(TotpDevice {
            id: TotpDeviceId::new(row.id()),
            user_id: row.get(Column::UserId).map(UserId::new)?,
            name: row.text(Column::Name, FactorName::parse, FactorName::stored),
            secret: row.get(Column::Secret).map(SealedTotpSecret::new)?,
            created_at: row.get(Column::CreatedAt)?,
            confirmed_at: row.get(Column::ConfirmedAt),
            last_step: row.get::<i64>(Column::LastStep).and_then(|step| step.try_into().ok()).map(TotpStep::new),
        })
    }
}

impl From<&TotpDevice> for ActiveModel {
    fn from(device: &TotpDevice) -> Self {
        Self {
            id: Set(device.id.as_uuid()),
            user_id: Set(device.user_id.as_uuid()),
            name: Set(device.name.as_str().to_owned()),
            name_key: Set(device.name.key()),
            secret: Set(device.secret.as_bytes().to_vec()),
            created_at: Set(device.created_at),
            confirmed_at: Set(device.confirmed_at),
            last_step: Set(device.last_step.map(number)),
        }
    }
}

/// A step as the database counts it. It gets there in 10¹² years.
pub(super) fn number(step: TotpStep) -> i64 {
    i64::try_from(step.get()).unwrap_or(i64::MAX)
}
