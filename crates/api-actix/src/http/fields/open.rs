use std::marker::PhantomData;

use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, Ref, Schema};

use super::{Description, Field, FieldList, FieldValue, Fields};

/// A list of fields of an object that a standard describes and will add to: other members are ignored. One that comes
/// twice is a fault even so.
pub(crate) struct Open<L>(PhantomData<L>);

impl<L: FieldList> FieldList for Open<L> {
    type Value = L::Value;

    fn read(fields: &mut Fields<'_>) -> Option<L::Value> {
        let value = L::read(fields);
        fields.values.clear();
        value
    }

    fn describe(description: &mut Description) {
        L::describe(description);
    }
}

impl<L: FieldList + ToSchema> FieldValue for Open<L> {
    type Value = <L as FieldList>::Value;

    fn read(field: Field<'_>) -> Option<Self::Value> {
        field.object::<Self>()
    }

    fn schema() -> RefOr<Schema> {
        Ref::from_schema_name(L::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        let mut schema = L::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
        }
        schemas.push((L::name().into_owned(), schema));
        L::schemas(schemas);
    }
}
