use domain::ValidationError;
use domain::one_time_tokens::OneTimeTokenId;
use domain::passkeys::{Ceremony, CeremonyId, CeremonyPurpose, CeremonyState};
use domain::sessions::SessionId;
use domain::users::UserId;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passkey_ceremonies")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) id: Uuid,
    pub(super) purpose: String,
    pub(super) user_id: Option<Uuid>,
    /// The session or the one-time token that it is bound to.
    pub(super) bound_to: Option<Uuid>,
    pub(super) state: Vec<u8>,
    pub(super) expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for Ceremony {
    const TABLE: &'static str = "passkey_ceremonies";

    /// Everything decides what a response to it is worth.
    fn from_row(row: &Row<'_>) -> Option<Self> {
        let (user, bound_to) = (row.get(Column::UserId), row.get(Column::BoundTo));
        let purpose = purpose(&row.get::<String>(Column::Purpose)?, user, bound_to);
        Some(Ceremony {
            id: CeremonyId::new(row.id()),
            purpose: row.valid(Column::Purpose, purpose)?,
            state: row.get(Column::State).map(CeremonyState::new)?,
            expires_at: row.get(Column::ExpiresAt)?,
        })
    }
}

const REGISTRATION: &str = "registration";
const SIGN_IN: &str = "sign_in";
const SECOND_FACTOR: &str = "second_factor";
const STEP_UP: &str = "step_up";

fn purpose(name: &str, user: Option<Uuid>, bound_to: Option<Uuid>) -> Result<CeremonyPurpose, ValidationError> {
    let user = user.map(UserId::new);
    match (name, user, bound_to) {
        (REGISTRATION, Some(user), Some(to)) => Ok(CeremonyPurpose::Registration { user, session: SessionId::new(to) }),
        (SIGN_IN, user, None) => Ok(CeremonyPurpose::SignIn { user }),
        (SECOND_FACTOR, Some(user), Some(to)) => {
            Ok(CeremonyPurpose::SecondFactor { user, challenge: OneTimeTokenId::new(to) })
        }
        (STEP_UP, Some(user), Some(to)) => Ok(CeremonyPurpose::StepUp { user, session: SessionId::new(to) }),
        _ => Err(ValidationError::new("unknown_purpose", "This purpose is unknown.")),
    }
}

impl From<&Ceremony> for ActiveModel {
    fn from(ceremony: &Ceremony) -> Self {
        let (purpose, user, bound_to) = match ceremony.purpose {
            CeremonyPurpose::Registration { user, session } => (REGISTRATION, Some(user), Some(session.as_uuid())),
            CeremonyPurpose::SignIn { user } => (SIGN_IN, user, None),
            CeremonyPurpose::SecondFactor { user, challenge } => (SECOND_FACTOR, Some(user), Some(challenge.as_uuid())),
            CeremonyPurpose::StepUp { user, session } => (STEP_UP, Some(user), Some(session.as_uuid())),
        };
        Self {
            id: Set(ceremony.id.as_uuid()),
            purpose: Set(purpose.to_owned()),
            user_id: Set(user.map(UserId::as_uuid)),
            bound_to: Set(bound_to),
            state: Set(ceremony.state.as_bytes().to_vec()),
            expires_at: Set(ceremony.expires_at),
        }
    }
}
