//! Lists of fields as the tests compare them with the OpenAPI document.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::{FieldList, RawFields, Rules, read};

/// A list of fields, its description, and its reader: from fields to `field:code`.
pub(crate) struct Checked {
    pub(crate) name: String,
    pub(crate) schema: Value,
    faults: fn(RawFields) -> BTreeSet<String>,
}

/// This list, to be compared.
pub(crate) fn checked<L: FieldList + ToSchema>() -> Checked {
    let schema = serde_json::to_value(<L as PartialSchema>::schema()).unwrap();
    Checked { name: L::name().into_owned(), schema, faults: faults::<L> }
}

pub(crate) fn faults<L: FieldList>(raw: RawFields) -> BTreeSet<String> {
    let rules = Rules { password_policy: Default::default(), today: Default::default() };
    let faults = read::<L>(raw, rules).err().unwrap_or_default().into_iter();
    faults.map(|fault| format!("{}:{}", fault.field, fault.code)).collect()
}

impl Checked {
    pub(crate) fn properties(&self) -> &Map<String, Value> {
        self.schema["properties"].as_object().unwrap()
    }

    pub(crate) fn faults(&self, body: &Value) -> BTreeSet<String> {
        (self.faults)(serde_json::from_value(body.clone()).unwrap())
    }

    /// Which of the names are not in the list, going by the reader.
    pub(crate) fn unknown<'a>(&self, names: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
        let body: Map<_, _> = names.iter().map(|name| ((*name).to_owned(), json!([]))).collect();
        let faults = self.faults(&body.into());
        names.iter().copied().filter(|name| faults.contains(&format!("{name}:unknown_field"))).collect()
    }
}
