use domain::users::{Birthday, Email, Epoch, FullName, Locale, Profile, Role, User, UserId, Username, search_key};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

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
    pub(crate) locale: Option<String>,
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

impl FromRow for User {
    const TABLE: &'static str = "users";

    fn from_row(row: &Row<'_>) -> Option<Self> {
        Some(User {
            id: UserId::new(row.id()),
            email: email(row),
            profile: profile(row),
            // What somebody may do is never more than what the row says for certain.
            role: row
                .valid(Column::Role, Role::parse(&row.get::<String>(Column::Role).unwrap_or_default()))
                .unwrap_or(Role::User),
            is_active: row.get(Column::IsActive).unwrap_or_default(),
            email_verified: row.get(Column::EmailVerified).unwrap_or_default(),
            epoch: epoch(row),
            created_at: row.get(Column::CreatedAt).unwrap_or_default(),
            updated_at: row.get(Column::UpdatedAt).unwrap_or_default(),
            last_login: row.optional_time(Column::LastLogin),
        })
    }
}

/// Reads a profile. Whatever table has one has it in columns of these names.
pub(crate) fn profile(row: &Row<'_>) -> Profile {
    Profile {
        username: row.optional_text(Column::Username, Username::parse, Username::stored),
        full_name: row.optional_text(Column::FullName, FullName::parse, FullName::stored),
        birthday: birthday(row),
        locale: row.optional_text(Column::Locale, Locale::parse, Locale::stored),
    }
}

/// What is written of a profile, likewise.
pub(crate) fn profile_columns(profile: &Profile) -> [(Column, Value); 4] {
    [
        (Column::Username, profile.username.as_ref().map(|username| username.as_str().to_owned()).into()),
        (Column::FullName, profile.full_name.as_ref().map(|name| name.as_str().to_owned()).into()),
        (Column::Birthday, profile.birthday.map(Birthday::as_date).into()),
        (Column::Locale, profile.locale.as_ref().map(|locale| locale.as_str().to_owned()).into()),
    ]
}

/// With the key by which the account is found, also where the two do not fit.
fn email(row: &Row<'_>) -> Email {
    let text: String = row.get(Column::Email).unwrap_or_default();
    row.valid(Column::Email, Email::parse(&text));
    Email::stored(text, row.get(Column::EmailKey).unwrap_or_default())
}

fn birthday(row: &Row<'_>) -> Option<Birthday> {
    let date = row.get(Column::Birthday)?;
    Some(row.valid(Column::Birthday, Birthday::new(date)).unwrap_or(Birthday::stored(date)))
}

fn epoch(row: &Row<'_>) -> Epoch {
    let count = u32::try_from(row.get(Column::Epoch).unwrap_or(-1_i64)).ok();
    let epoch = count.map(Epoch::new).filter(|epoch| *epoch <= Epoch::LAST).ok_or(());
    row.valid(Column::Epoch, epoch).unwrap_or(Epoch::UNREADABLE)
}

impl From<&User> for ActiveModel {
    fn from(user: &User) -> Self {
        let mut row = Self {
            id: Set(user.id.as_uuid()),
            email: Set(user.email.as_str().to_owned()),
            email_key: Set(user.email.key().to_owned()),
            full_name_key: Set(user.profile.full_name.as_ref().map(|name| search_key(name.as_str()))),
            role: Set(user.role.as_str().to_owned()),
            is_active: Set(user.is_active),
            email_verified: Set(user.email_verified),
            epoch: Set(i64::from(user.epoch.get())),
            created_at: Set(user.created_at),
            updated_at: Set(user.updated_at),
            last_login: Set(user.last_login),
            ..Default::default()
        };
        for (column, value) in profile_columns(&user.profile) {
            row.set(column, value);
        }
        row
    }
}
