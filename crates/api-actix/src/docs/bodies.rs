//! What the document says about bodies and queries is what their readers do.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use utoipa::IntoParams;

use crate::features;
use crate::fields::FieldList;
use crate::http::fields::RawFields;
use crate::http::fields::checked::{Checked, faults};
use crate::tasks::list_tasks::ListTasksQuery;
use crate::users::list_users::ListUsersQuery;

/// Of these fields one is required, or `email` with `code`. The fault is told of the first.
const ONE_OF: [[&str; 2]; 2] = [["token", "code"], ["password", "recovery_code"]];

/// In it, what is unknown is ignored, and there is no `null`.
fn is_form(body: &Checked) -> bool {
    body.name.ends_with("Form")
}

fn bodies() -> Vec<Checked> {
    features::all().flat_map(|feature| (feature.bodies)()).collect()
}

#[test]
fn every_body_of_the_document_is_checked() {
    let document: Value = serde_json::from_str(&super::openapi::json()).unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let contents = operations.filter_map(|operation| operation["requestBody"]["content"].as_object());
    let references = contents.flat_map(|content| content.values().map(|body| body["schema"]["$ref"].as_str().unwrap()));
    let described: BTreeSet<_> = references.map(|path| path.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(described, bodies().into_iter().map(|body| body.name).collect());
}

#[test]
fn readers_take_the_fields_that_are_described_and_no_others() {
    let bodies = bodies();
    let names: BTreeSet<_> = bodies.iter().flat_map(|body| body.properties().keys().map(String::as_str)).collect();
    // A few at a time, since only so many faults are told.
    let names: Vec<_> = names.into_iter().collect();
    for (body, some) in bodies.iter().flat_map(|body| names.chunks(20).map(move |some| (body, some))) {
        let is_closed = body.schema["additionalProperties"] == false;
        assert_eq!(is_closed, !is_form(body), "{}", body.name);
        let some: BTreeSet<_> = some.iter().copied().collect();
        let others: BTreeSet<_> = some.iter().copied().filter(|name| !body.properties().contains_key(*name)).collect();
        assert_eq!(body.unknown(&some), if is_closed { others } else { BTreeSet::new() }, "{}", body.name);
    }
}

#[test]
fn readers_require_what_is_described_as_required() {
    for body in bodies().iter().filter(|body| body.name != "TokenInquiryForm") {
        let required = body.schema["required"].as_array().into_iter().flatten();
        // Which of several is required depends on the others.
        let one_of = ONE_OF.into_iter().find(|names| names.iter().all(|name| body.properties().contains_key(*name)));
        let names = required.map(|name| name.as_str().unwrap()).chain(one_of.map(|names| names[0]));
        let expected = names.map(|name| format!("{name}:required")).collect();
        assert_eq!(body.faults(&json!({})), expected, "{}", body.name);
    }
}

#[test]
fn readers_take_null_where_it_is_described() {
    for body in bodies().iter().filter(|body| !is_form(body)) {
        for (name, property) in body.properties() {
            let types = property["type"].as_array().is_some_and(|types| types.contains(&"null".into()));
            let is_nullable = types || property["oneOf"][0]["type"] == "null";
            let is_refused = body.faults(&json!({name: null})).contains(&format!("{name}:wrong_type"));
            assert_eq!(is_nullable, !is_refused, "{} {name}", body.name);
        }
    }
}

#[test]
fn readers_of_queries_take_the_parameters_that_are_described_and_no_others() {
    fn check<L: FieldList + IntoParams>(all: &BTreeSet<String>) {
        let described = names::<L>();
        for name in all {
            let faults = faults::<L>(RawFields::from_urlencoded(format!("{name}=").as_bytes()));
            assert_eq!(faults.contains(&format!("{name}:unknown_field")), !described.contains(name), "{name}");
        }
    }
    fn names<L: IntoParams>() -> BTreeSet<String> {
        L::into_params(|| None).into_iter().map(|parameter| parameter.name).collect()
    }
    let all = names::<ListUsersQuery>().union(&names::<ListTasksQuery>()).cloned().collect();
    check::<ListUsersQuery>(&all);
    check::<ListTasksQuery>(&all);
}
