use domain::Secret;
use domain::factors::FactorKind;
use serde::{Serialize, Serializer};
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use super::time::Time;

/// The media type of every error.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// An error as clients see it (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Names the kind of problem. `about:blank`: `title` says what `status` means.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "about:blank")]
    pub(crate) kind: &'static str,
    /// The status in words.
    #[schema(example = "Unprocessable Entity")]
    pub(crate) title: &'static str,
    /// The status.
    #[schema(example = 422, minimum = 400, maximum = 599)]
    pub(crate) status: u16,
    /// One sentence for a person.
    #[schema(example = "Some fields are not valid.")]
    pub(crate) detail: String,
    /// A stable word for machines.
    #[schema(example = "validation_failed")]
    pub(crate) code: &'static str,
    /// Names the request in the logs; the same as the `X-Request-Id` header.
    // A request that could not be read has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = true, example = "6a3f0c2e-8d2b-4f43-9d3b-0f6f0a2f7c11")]
    pub(crate) request_id: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: Vec<FieldError>,
    /// With `second_factor_required`: goes back with the second factor, once. It is not a session.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "expose")]
    #[schema(value_type = String, required = false,
        example = "hxc_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    pub(crate) challenge: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = factors_schema, required = false)]
    pub(crate) factors: Option<Vec<&'static str>>,
    /// With `second_factor_required`: the challenge is good until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false, example = "2026-11-21T09:30:00.000000Z")]
    pub(crate) expires_at: Option<Time>,
    /// With `second_factor_required`: the seconds until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, example = 600)]
    pub(crate) expires_in: Option<i64>,
}

/// The strongest first. A schema that is made by hand has its description here.
fn factors_schema() -> Array {
    let kind =
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(FactorKind::ALL.map(FactorKind::as_str)));
    let description = "With `second_factor_required` and `step_up_required`: what can be shown, the strongest first.";
    ArrayBuilder::new().items(kind).description(Some(description)).examples([json!(["totp", "recovery_code"])]).build()
}

impl Problem {
    /// The same without what a sign-in goes on with.
    pub(crate) fn without_challenge(self) -> Self {
        Self { challenge: None, factors: None, expires_at: None, expires_in: None, ..self }
    }
}

/// Members of a problem document that not every one has (RFC 9457, section 3.2).
#[derive(Clone, Debug, Default)]
pub(crate) struct Extension {
    /// What a sign-in goes on with.
    pub(crate) challenge: Option<Secret>,
    /// What can be shown.
    pub(crate) factors: Option<Vec<&'static str>>,
    /// The challenge is good until then.
    pub(crate) expires_at: Option<Time>,
    /// The seconds until then.
    pub(crate) expires_in: Option<i64>,
}

fn expose<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field's name.
    #[schema(example = "email")]
    pub field: String,
    /// A stable word for machines.
    #[schema(example = "invalid_email")]
    pub code: &'static str,
    /// One sentence for a person.
    #[schema(example = "This must be an email address.")]
    pub message: String,
    /// How to do better, in whole sentences in English. With a password that is easy to guess.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["Add another word or two. Uncommon words are better."]))]
    pub advice: Vec<String>,
}

impl FieldError {
    pub(crate) fn new(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code, message: message.into(), advice: Vec::new() }
    }
}
