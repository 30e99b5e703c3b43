//! A resource as it was asked for, and everything that may be wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Value, context};

use crate::Error;
use crate::field::{Field, Kind, MAX_FIELDS};
use crate::names::{self, pascal, words};
use crate::project::Project;
use crate::templates;

/// A resource to write.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) plural: String,
    pub(crate) fields: Vec<Field>,
}

/// Where modules stand that a resource stands beside. None may have its name or its plural.
const MODULE_FOLDERS: &[&str] = &[
    "crates/domain/src",
    "crates/application/src",
    "crates/infra-seaorm/src",
    "crates/api-actix/src",
    "tests/api",
    "tests/contract",
];

/// Where the types and the schemas are that a resource's own must differ from. One word means one thing.
const TYPE_FOLDERS: &[&str] = &["crates/domain/src", "crates/application/src", "crates/api-actix/src"];

/// What every body that is returned has besides its fields.
const MADE: &[(&str, &str)] = &[("created_at", r#""[time]""#), ("id", r#""[id]""#), ("updated_at", r#""[time]""#)];

/// What Rust brings into every module.
const PRELUDE: &str = "AsMut AsRef Box Clone Copy Debug Default Drop Eq Err Extend Fn FnMut FnOnce From FromIterator \
    Future Hash Into Iterator None Ok Option Ord PartialEq PartialOrd Result Self Send Sized Some String Sync ToOwned \
    ToString TryFrom TryInto Unpin Vec";

impl Resource {
    /// Checks what was asked for, and finds all that is wrong with it.
    pub(crate) fn parse(project: &Project, name: &str, plural: Option<&str>, fields: &[String]) -> Result<Self, Error> {
        let plural = plural.map_or_else(|| names::plural(name), str::to_owned);
        let mut faults = name_faults(project, name, &plural)?;
        let mut known: Vec<Field> = Vec::new();
        for text in fields {
            match Field::parse(text) {
                Ok(field) if known.iter().any(|other| other.name == field.name) => {
                    faults.push(format!("the field '{}' is given more than once", field.name));
                }
                Ok(field) => known.push(field),
                Err(fault) => faults.push(fault),
            }
        }
        if fields.is_empty() {
            faults.push("a resource has at least one field: write name:type, such as due:date".to_owned());
        } else if fields.len() > MAX_FIELDS {
            faults.push(format!("a resource has at most {MAX_FIELDS} fields"));
        }
        if faults.is_empty() {
            Ok(Self { name: name.to_owned(), plural, fields: known })
        } else {
            Err(Error::Refused(faults))
        }
    }

    /// What the templates know of the resource.
    pub(crate) fn context(&self) -> Value {
        let has = |kind: Kind| self.fields.iter().any(|field| field.kind == kind);
        let list = |fits: &dyn Fn(&Field) -> bool| -> Vec<Value> {
            self.fields.iter().filter(|field| fits(field)).map(Field::context).collect()
        };
        let values = [Kind::Decimal, Kind::Text, Kind::String].into_iter().filter(|kind| has(*kind));
        let values: Vec<_> = values.map(Kind::domain).collect();
        let article = names::article(&self.name);
        context! {
            name => self.name.clone(),
            Name => pascal(&self.name),
            plural => self.plural.clone(),
            Plural => pascal(&self.plural),
            words => words(&self.name),
            plural_words => words(&self.plural),
            Plural_words => sentence(&words(&self.plural)),
            a => article,
            A => pascal(article),
            fields => list(&|_| true),
            required_fields => list(&|field| !field.is_optional),
            optional_fields => list(&|field| field.is_optional),
            decimal_fields => list(&|field| field.kind == Kind::Decimal),
            corruptible => list(&|field| field.kind.has_bad_sql()),
            domain_values => values,
            has_date => has(Kind::Date),
            has_datetime => has(Kind::Datetime),
            has_uuid => has(Kind::Uuid),
            has_text => self.fields.iter().any(|field| field.kind.is_text()),
            has_decimal => self.has_decimal(),
            sent_rows => self.rows(&[], 0),
            rows => self.rows(MADE, 0),
            changed_rows => self.rows(MADE, 1),
        }
    }

    /// Whether a field is a decimal, for which `domain` needs a crate.
    pub(crate) fn has_decimal(&self) -> bool {
        self.fields.iter().any(|field| field.kind == Kind::Decimal)
    }

    /// The members of a body in the order in which the tests of whole answers show them, with `more` among them. As
    /// many fields as are `changed` have another value than when they were made.
    fn rows(&self, more: &[(&'static str, &'static str)], changed: usize) -> Vec<Value> {
        let value = |(index, field): (usize, &Field)| {
            let json = if index < changed { field.kind.later() } else { field.kind.json() };
            (field.name.clone(), field.kind.shown(json))
        };
        let fields = self.fields.iter().enumerate().map(value);
        let rows: BTreeMap<_, _> = more.iter().map(|&(name, shown)| (name.to_owned(), shown)).chain(fields).collect();
        rows.into_iter().map(|(name, shown)| context! { name, shown }).collect()
    }
}

/// With a capital at the start.
fn sentence(words: &str) -> String {
    words[..1].to_ascii_uppercase() + &words[1..]
}

fn name_faults(project: &Project, name: &str, plural: &str) -> Result<Vec<String>, Error> {
    let mut faults: Vec<_> =
        [name, plural].into_iter().filter_map(|n| Some(format!("'{n}' {}", names::fault(n)?))).collect();
    if !faults.is_empty() {
        return Ok(faults);
    }
    if name.len() == 1 {
        faults.push(format!("'{name}' is too short: a resource has a name of at least two letters"));
    }
    if name == plural {
        faults.push(format!("'{name}' and its plural must differ: give another with --plural"));
    }
    for folder in MODULE_FOLDERS {
        let modules = project.modules(folder)?;
        let taken = [name, plural].into_iter().filter(|name| modules.iter().any(|module| module == name));
        faults.extend(taken.map(|name| format!("there is a '{name}' in {folder} already: choose another name")));
    }
    let variables = templates::variables();
    let taken = [name, plural].into_iter().filter(|name| variables.contains(*name));
    faults.extend(taken.map(|name| format!("'{name}' is a name that the code of every resource uses: choose another")));
    let types = types_in_use(project)?;
    let taken = types_of(name, plural).into_iter().filter(|own| types.contains(own));
    faults.extend(
        taken.map(|own| format!("'{name}' would have a type named {own}, and there is one: choose another name")),
    );
    Ok(faults)
}

/// The types that a resource brings.
fn types_of(name: &str, plural: &str) -> Vec<String> {
    let (name, plural) = (pascal(name), pascal(plural));
    let mut types = ["Create", "Update", "Replace"].map(|verb| format!("{verb}{name}")).to_vec();
    types.extend([format!("List{plural}"), plural]);
    let ends = ["", "Id", "Query", "Position", "Repository", "Unit", "Page", "Change", "Body"];
    types.extend(ends.map(|end| format!("{name}{end}")));
    types
}

/// The types of this project and of the libraries that the code of a resource sees.
fn types_in_use(project: &Project) -> Result<BTreeSet<String>, Error> {
    let mut types: BTreeSet<String> = PRELUDE.split(' ').map(str::to_owned).collect();
    types.extend(templates::types());
    for folder in TYPE_FOLDERS {
        for text in project.sources(folder)? {
            let words = templates::identifiers(&text);
            let declared = words.windows(3).filter(|words| match words[1] {
                "struct" | "enum" | "trait" => matches!(words[0], "pub" | "crate"),
                word => word == "as",
            });
            types.extend(declared.map(|words| words[2].to_owned()));
        }
    }
    Ok(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, plural: Option<&str>, fields: &[&str]) -> Result<Resource, Vec<String>> {
        let fields: Vec<_> = fields.iter().map(|&field| field.to_owned()).collect();
        Resource::parse(&Project::this().unwrap(), name, plural, &fields).map_err(|error| match error {
            Error::Refused(faults) => faults,
            error => panic!("{error}"),
        })
    }

    #[track_caller]
    fn assert_refused(name: &str, plural: Option<&str>, fields: &[&str], reasons: &[&str]) {
        let faults = parse(name, plural, fields).expect_err(name);
        assert_eq!(faults.len(), reasons.len(), "{name}: {faults:#?}");
        for (fault, reason) in faults.iter().zip(reasons) {
            assert!(fault.contains(reason), "{name}: {fault}");
        }
    }

    #[test]
    fn ordinary_names_are_taken() {
        for name in [
            "invoice",
            "order",
            "product",
            "category",
            "status",
            "comment",
            "post",
            "note",
            "item",
            "line_item",
            "project",
            "team",
            "group",
            "event",
            "message",
            "document",
            "book",
            "customer",
            "payment",
            "address",
            "tag",
            "image",
            "subscription",
            "ticket",
            "vehicle",
            "recipe",
            "person",
            "organization",
            "appointment",
            "contact",
            "plan",
        ] {
            // One that this project has meanwhile is taken in another sense.
            let is_there = Project::this().unwrap().has(&format!("crates/domain/src/{}", names::plural(name)));
            if let (false, Err(faults)) = (is_there, parse(name, None, &["title:string"])) {
                panic!("{name}: {faults:#?}");
            }
        }
        assert_eq!(parse("quokka", Some("mob"), &["title:string"]).unwrap().plural, "mob");
    }

    #[test]
    fn names_that_are_in_use_are_refused() {
        for name in [
            "user", "task", "session", "auth", "health", "role", "email", "client", "token", "option", "result",
            "entity",
        ] {
            let faults = parse(name, None, &["title:string"]).expect_err(name);
            assert!(faults.iter().all(|fault| fault.contains("choose another")), "{faults:#?}");
        }
        let variable = "is a name that the code of every resource uses";
        assert_refused("actor", None, &["a:int"], &["in crates/application/src already", variable, "type named Actor"]);
        assert_refused("query", None, &["a:int"], &[variable, "type named Query"]);
        assert_refused("n", None, &["a:int"], &["is too short"]);
        assert_refused("sheep", Some("sheep"), &["a:int"], &["must differ"]);
        let faults = parse("quokka", Some("tasks"), &["a:int"]).unwrap_err();
        assert!(faults[0].contains("there is a 'tasks' in crates/domain/src already"), "{faults:#?}");
    }

    #[test]
    fn all_faults_are_told_at_once() {
        assert_refused(
            "Invoice",
            Some("in voices"),
            &[
                "number",
                "amount:money",
                "type:string",
                "id:uuid",
                "created_at:datetime?",
                "a:int",
                "a:text?",
                "B:int",
                ":int",
            ],
            &[
                "'Invoice' is no name",
                "'in voices' is no name",
                "'number' is no field",
                "the unknown type 'money': take string, text, int, decimal, date, datetime, bool, uuid",
                "'type' is a keyword",
                "'id' is one that every resource has",
                "'created_at' is one that every resource has",
                "'a' is given more than once",
                "'B' is no name",
                "'' is no name",
            ],
        );
        assert_refused("quokka", None, &[], &["at least one field"]);
        let many: Vec<_> = (0..41).map(|number| format!("f{number}:int")).collect();
        assert_refused("quokka", None, &many.iter().map(String::as_str).collect::<Vec<_>>(), &["at most 40 fields"]);
        assert_refused("quokka", None, &["a:int??"], &["the unknown type 'int?'"]);
    }
}
