//! The fields of an account, as bodies and queries have them.

use domain::ValidationError;
use domain::passwords::{Password, PasswordPolicy};
use domain::users::{Email, Role, SearchText};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};

use super::body::RoleBody;
use crate::fields::{Field, FieldValue, TextShape, TextValue};

impl TextValue for Email {
    const SHAPE: TextShape = TextShape::ANY.format("email").length(0, Self::MAX_BYTES);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

impl TextValue for SearchText {
    const SHAPE: TextShape = TextShape::line(Self::MAX_LENGTH);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

/// A password that somebody types to prove who they are.
impl TextValue for Password {
    const SHAPE: TextShape = TextShape::without_nul(Self::MAX_BYTES).format("password");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

/// The schema of passwords that somebody chooses.
pub(crate) const NEW_PASSWORD: &str = "NewPassword";

/// That schema under this policy.
pub(crate) fn new_password(policy: &PasswordPolicy) -> RefOr<Schema> {
    let min_length = policy.min_length.max(PasswordPolicy::LOWEST_MIN_LENGTH);
    let shape = TextShape::without_nul(policy.max_length).length(min_length, policy.max_length).format("password");
    let mut schema = shape.schema();
    if let RefOr::T(Schema::Object(object)) = &mut schema {
        object.description = Some(NOT_GUESSABLE.to_owned());
    }
    schema
}

/// What no schema can say of it.
const NOT_GUESSABLE: &str = "It must be hard to guess (`too_guessable`, with `advice`), must not contain the user's \
    username, the local part of their email or a word of their full name (`contains_your_name`), and must not be on \
    the operator's list of passwords that became known, if there is one (`breached`).";

/// A password that somebody chooses, under the policy of this node. The document of the node has the policy's bounds.
pub(crate) enum ChosenPassword {}

impl FieldValue for ChosenPassword {
    type Value = Password;

    fn read(field: Field<'_>) -> Option<Password> {
        // The use case asks the policy for more. Its length is asked here to be reported together with all other
        // faults.
        field.text_under(|text, rules| {
            let password = Password::parse(text)?;
            rules.password_policy.check_length(&password).map(|()| password)
        })
    }

    fn schema() -> RefOr<Schema> {
        Ref::from_schema_name(NEW_PASSWORD).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((NEW_PASSWORD.to_owned(), new_password(&PasswordPolicy::default())));
    }
}

impl FieldValue for Role {
    type Value = Self;

    fn read(field: Field<'_>) -> Option<Self> {
        field.text(Self::parse)
    }

    fn schema() -> RefOr<Schema> {
        Ref::from_schema_name(RoleBody::name()).into()
    }
}

/// One's own role, which one cannot change. It is described in place: what is said by reference cannot be read-only.
pub(crate) enum OwnRole {}

impl FieldValue for OwnRole {
    type Value = Role;

    fn read(field: Field<'_>) -> Option<Role> {
        field.text(Role::parse)
    }

    fn schema() -> RefOr<Schema> {
        let roles = Role::ALL.map(Role::as_str);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(roles)).into()
    }
}
