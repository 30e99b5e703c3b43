use domain::StoreError;
use domain::users::{Birthday, Email, Epoch, FullName, Profile, Role, User, UserId, Username, search_key};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{corrupt, optional};

const TABLE: &str = "users";

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) email: String,
    /// [`Email::key`].
    pub(crate) email_key: String,
    pub(crate) username: Option<String>,
    pub(crate) full_name: Option<String>,
    /// The [`search_key`] of the full name.
    pub(crate) full_name_key: Option<String>,
    pub(crate) birthday: Option<Date>,
    pub(crate) role: String,
    pub(crate) is_active: bool,
    pub(crate) email_verified: bool,
    pub(crate) epoch: i64,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) updated_at: DateTimeUtc,
    pub(crate) last_login: Option<DateTimeUtc>,
    #[sea_orm(has_many)]
    pub(crate) refresh_tokens: HasMany<crate::sessions::entity::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for User {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = row.id;
        Ok(User {
            id: UserId::new(id),
            email: Email::parse(&row.email).map_err(corrupt(TABLE, "email", id))?,
            profile: Profile {
                username: optional(row.username.as_deref(), Username::parse).map_err(corrupt(TABLE, "username", id))?,
                full_name: optional(row.full_name.as_deref(), FullName::parse).map_err(corrupt(
                    TABLE,
                    "full_name",
                    id,
                ))?,
                birthday: row.birthday.map(Birthday::new).transpose().map_err(corrupt(TABLE, "birthday", id))?,
            },
            role: Role::parse(&row.role).map_err(corrupt(TABLE, "role", id))?,
            is_active: row.is_active,
            email_verified: row.email_verified,
            epoch: u32::try_from(row.epoch).map(Epoch::new).map_err(corrupt(TABLE, "epoch", id))?,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_login: row.last_login,
        })
    }
}

impl From<&User> for ActiveModel {
    fn from(user: &User) -> Self {
        let profile = &user.profile;
        Self {
            id: Set(user.id.as_uuid()),
            email: Set(user.email.as_str().to_owned()),
            email_key: Set(user.email.key().to_owned()),
            username: Set(profile.username.as_ref().map(|username| username.as_str().to_owned())),
            full_name: Set(profile.full_name.as_ref().map(|name| name.as_str().to_owned())),
            full_name_key: Set(profile.full_name.as_ref().map(|name| search_key(name.as_str()))),
            birthday: Set(profile.birthday.map(Birthday::as_date)),
            role: Set(user.role.as_str().to_owned()),
            is_active: Set(user.is_active),
            email_verified: Set(user.email_verified),
            epoch: Set(i64::from(user.epoch.get())),
            created_at: Set(user.created_at),
            updated_at: Set(user.updated_at),
            last_login: Set(user.last_login),
        }
    }
}
