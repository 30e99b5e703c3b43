//! A list of fields as OpenAPI describes it.

use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{RefOr, Required};

use super::value::with_example;
use super::{FieldList, FieldValue};

/// What is collected from a list of fields.
#[derive(Default)]
pub struct Description {
    fields: Vec<DescribedField>,
    /// What the fields' schemas refer to.
    schemas: Vec<(String, RefOr<Schema>)>,
}

struct DescribedField {
    name: String,
    doc: String,
    schema: RefOr<Schema>,
    rule: Rule,
    is_read_only: bool,
}

/// What a schema says about a field's presence.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// It must be there.
    Required,
    /// It may be absent or `null`.
    Nullable,
    /// It may be absent.
    NotNull,
}

impl Description {
    fn of<L: FieldList>() -> Self {
        let mut description = Self::default();
        L::describe(&mut description);
        description
    }

    pub(super) fn add<T: FieldValue>(&mut self, rule: Rule, name: &str, doc: &[&str]) {
        T::schemas(&mut self.schemas);
        let (name, doc, schema) = (name.to_owned(), joined(doc), T::schema());
        self.fields.push(DescribedField { name, doc, schema, rule, is_read_only: false });
    }

    pub(super) fn make_last_read_only(&mut self) {
        if let Some(field) = self.fields.last_mut() {
            field.is_read_only = true;
        }
    }
}

impl DescribedField {
    fn schema(&self) -> RefOr<Schema> {
        let mut schema = self.schema.clone();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.read_only = self.is_read_only.then_some(true);
        }
        described(if self.rule == Rule::Nullable { nullable(schema) } else { schema }, &self.doc)
    }
}

/// The schema of an object with these fields.
pub fn object<L: FieldList>(doc: &[&str], example: Option<Value>) -> RefOr<Schema> {
    let description = Description::of::<L>();
    let mut object = ObjectBuilder::new().schema_type(Type::Object).description(Some(joined(doc)));
    if let Some(example) = example {
        object = with_example(object, example);
    }
    for field in &description.fields {
        object = object.property(&field.name, field.schema());
        if field.rule == Rule::Required {
            object = object.required(&field.name);
        }
    }
    object.additional_properties(Some(AdditionalProperties::FreeForm(false))).into()
}

/// What the schema of the object refers to.
pub fn schemas<L: FieldList>() -> Vec<(String, RefOr<Schema>)> {
    Description::of::<L>().schemas
}

/// These fields as the parameters of a query.
pub fn parameters<L: FieldList>() -> Vec<Parameter> {
    let fields = Description::of::<L>().fields.into_iter();
    fields.map(|field| parameter(&field)).collect()
}

/// A query has no `null`.
fn parameter(field: &DescribedField) -> Parameter {
    ParameterBuilder::new()
        .name(&field.name)
        .parameter_in(ParameterIn::Query)
        .required(if field.rule == Rule::Required { Required::True } else { Required::False })
        .description(Some(&field.doc).filter(|doc| !doc.is_empty()))
        .schema(Some(field.schema.clone()))
        .build()
}

/// Comments as the compiler gives them: each line begins with a blank.
fn joined(doc: &[&str]) -> String {
    doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}

fn nullable(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.schema_type = match object.schema_type {
                SchemaType::Type(one) => SchemaType::from_iter([one, Type::Null]),
                SchemaType::Array(many) => many.into_iter().chain([Type::Null]).collect(),
                SchemaType::AnyValue => SchemaType::AnyValue,
            };
            RefOr::T(Schema::Object(object))
        }
        other => {
            let null = ObjectBuilder::new().schema_type(Type::Null);
            OneOfBuilder::new().item(null).item(other).into()
        }
    }
}

fn described(mut schema: RefOr<Schema>, doc: &str) -> RefOr<Schema> {
    if doc.is_empty() {
        return schema;
    }
    match &mut schema {
        RefOr::Ref(reference) => reference.description = doc.to_owned(),
        RefOr::T(Schema::Object(object)) => object.description = Some(doc.to_owned()),
        RefOr::T(Schema::OneOf(one_of)) => one_of.description = Some(doc.to_owned()),
        // No field is described by another kind.
        RefOr::T(_) => {}
    }
    schema
}
