use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::raw::RawValue;
use super::{Description, FieldList, Fields};

/// A list of fields as a form: parameters that are not in the list are ignored, and one without a value is as if absent
/// (RFC 6749, section 3.2). One that comes twice is a fault even so.
pub(crate) struct Form<L>(PhantomData<L>);

impl<L: FieldList> FieldList for Form<L> {
    type Value = L::Value;

    fn read(fields: &mut Fields<'_>) -> Option<L::Value> {
        fields.values.retain(|_, value| !matches!(value, RawValue::Untyped(text) if text.is_empty()));
        let value = L::read(fields);
        fields.values.clear();
        value
    }

    fn describe(description: &mut Description) {
        L::describe(description);
    }
}

impl<L: ToSchema> PartialSchema for Form<L> {
    fn schema() -> RefOr<Schema> {
        let mut schema = L::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.properties.values_mut().for_each(take_no_null);
            for name in &object.required {
                if let Some(RefOr::T(Schema::Object(text))) = object.properties.get_mut(name) {
                    text.min_length = text.min_length.or(Some(1));
                }
            }
            // A list would be a parameter that comes more than once.
            let text = ObjectBuilder::new().schema_type(Type::String);
            object.additional_properties = Some(Box::new(AdditionalProperties::RefOr(text.into())));
            let doc = object.description.get_or_insert_default();
            doc.push_str("\nAs a form: other parameters are ignored, and an empty one is as if absent.");
        }
        schema
    }
}

/// A form has texts only: `null` would be one of four letters.
fn take_no_null(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(object)) = schema
        && let SchemaType::Array(types) = &mut object.schema_type
        && let Some(index) = types.iter().position(|one| *one != Type::Null)
    {
        object.schema_type = SchemaType::Type(types.swap_remove(index));
    }
}

impl<L: ToSchema> ToSchema for Form<L> {
    fn name() -> Cow<'static, str> {
        format!("{}Form", L::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        L::schemas(schemas);
    }
}
