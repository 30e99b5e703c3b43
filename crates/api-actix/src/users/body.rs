//! A user as bodies have them, and the profile in them, with its values.

use application::users::UserReadOnly;
use chrono::NaiveDate;
use domain::users::{Birthday, FullName, Locale, Profile, ProfileChange, User, Username};
use domain::{Timestamp, ValidationError};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::fields::{Clearable, Field, FieldValue, Flat, Optional, ReadOnly, TextShape, TextValue};
use crate::http::{ReadOnlyBody, Time};

crate::fields! {
    /// What a user tells about themselves.
    pub(crate) ProfileBody as "Profile" -> Profile {
        username: Optional<Username>,
        full_name: Optional<FullName>,
        birthday: Optional<Birthday>,
        /// The language of mails to the user.
        locale: Optional<Locale>,
    }
}

crate::fields! {
    /// What to change of it.
    pub(crate) ProfileChangeBody as "ProfileChange" -> ProfileChange {
        username: Clearable<Username>,
        full_name: Clearable<FullName>,
        birthday: Clearable<Birthday>,
        /// The language of mails to the user.
        locale: Clearable<Locale>,
    }
}

crate::fields! {
    /// What nobody can change of an account.
    pub(crate) UserReadOnlyBody as "UserReadOnly" -> UserReadOnly {
        common: Flat<ReadOnlyBody>,
        /// As it was read, or absent. It may be from before the last sign-in.
        last_login: ReadOnly<Clearable<Timestamp>>,
    }
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    id: Uuid,
    #[schema(format = Email, example = "ada@example.com")]
    email: String,
    #[schema(required = true, example = "ada")]
    username: Option<String>,
    #[schema(required = true, example = "Ada Lovelace")]
    full_name: Option<String>,
    #[schema(required = true, example = "1990-12-10")]
    birthday: Option<NaiveDate>,
    /// The language of mails to the user.
    #[schema(required = true, example = "de-AT")]
    locale: Option<String>,
    #[schema(value_type = RoleBody)]
    role: &'static str,
    is_active: bool,
    email_verified: bool,
    created_at: Time,
    updated_at: Time,
    #[schema(required = true)]
    last_login: Option<Time>,
}

/// What a user may do.
#[derive(ToSchema)]
#[schema(as = Role, rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the values in the OpenAPI document; domain::users::Role is what the code uses")]
pub(crate) enum RoleBody {
    User,
    Admin,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        let profile = user.profile;
        Self {
            id: user.id.as_uuid(),
            email: user.email.as_str().to_owned(),
            username: profile.username.map(|username| username.as_str().to_owned()),
            full_name: profile.full_name.map(|name| name.as_str().to_owned()),
            birthday: profile.birthday.map(Birthday::as_date),
            locale: profile.locale.map(|locale| locale.as_str().to_owned()),
            role: user.role.as_str(),
            is_active: user.is_active,
            email_verified: user.email_verified,
            created_at: Time(user.created_at),
            updated_at: Time(user.updated_at),
            last_login: user.last_login.map(Time),
        }
    }
}

impl TextValue for Username {
    const SHAPE: TextShape = TextShape::ANY.length(Self::MIN_LENGTH, Self::MAX_LENGTH).pattern("^[A-Za-z0-9_-]+$");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

impl TextValue for FullName {
    const SHAPE: TextShape = TextShape::line(Self::MAX_LENGTH);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

impl TextValue for Locale {
    const SHAPE: TextShape =
        TextShape::ANY.length(2, Self::MAX_LENGTH).pattern("^[A-Za-z]{2,3}(-([A-Za-z]{2}|[0-9]{3}))?$");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

/// That it is not in the future cannot be said.
const FROM_1900: &str = "^(19|[2-9][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$";

impl FieldValue for Birthday {
    type Value = Self;

    fn read(field: Field<'_>) -> Option<Self> {
        field.text_under(|text, rules| Self::parse(text, rules.today))
    }

    fn schema() -> RefOr<Schema> {
        TextShape::ANY.format("date").pattern(FROM_1900).schema()
    }
}
