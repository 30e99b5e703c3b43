//! The fields of a resource, and what each type means in each layer.

use minijinja::{Value, context};

use crate::names;

/// A field as it was asked for: `due:date?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) is_optional: bool,
}

/// What fields can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    Text,
    Int,
    Decimal,
    Date,
    Datetime,
    Bool,
    Uuid,
}

/// Names that a field cannot have: every resource has them, or its code uses them.
const RESERVED: &[&str] = &["id", "owner", "owner_id", "created_at", "updated_at", "read_only", "fields", "table"];

/// Most columns of a table that anybody wants to read, and a bound for the faults that a body can have.
pub(crate) const MAX_FIELDS: usize = 40;

impl Field {
    /// Reads `name:type`, with `?` at the end where it may be absent.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let Some((name, kind)) = text.split_once(':') else {
            return Err(format!("'{text}' is no field: write name:type, such as due:date"));
        };
        if let Some(fault) = names::fault(name) {
            return Err(format!("the field '{name}' {fault}"));
        }
        if RESERVED.contains(&name) {
            return Err(format!("the field '{name}' is one that every resource has or uses: choose another name"));
        }
        let (kind, is_optional) = kind.strip_suffix('?').map_or((kind, false), |kind| (kind, true));
        let Some(known) = Kind::ALL.into_iter().find(|known| known.facts().name == kind) else {
            let known: Vec<_> = Kind::ALL.into_iter().map(|kind| kind.facts().name).collect();
            return Err(format!("the field '{name}' has the unknown type '{kind}': take {}", known.join(", ")));
        };
        Ok(Self { name: name.to_owned(), kind: known, is_optional })
    }

    /// What the templates know of the field.
    pub(crate) fn context(&self) -> Value {
        let facts = self.kind.facts();
        let wrapped = |kind: &str| if self.is_optional { format!("Option<{kind}>") } else { kind.to_owned() };
        context! {
            name => self.name.clone(),
            Name => names::pascal(&self.name),
            kind => facts.name,
            optional => self.is_optional,
            doc => self.doc(),
            domain => facts.domain,
            domain_type => wrapped(facts.domain),
            column_type => wrapped(facts.column),
            column => facts.migration,
            body_type => wrapped(facts.body),
            sample => facts.sample,
            unusual => facts.unusual,
            json => facts.json,
            later => facts.later,
            later_shown => self.kind.shown(facts.later),
            other_json => facts.other_json,
            is_text => self.kind.is_text(),
            checked => self.kind.is_checked(),
            bad => facts.bad.iter().map(|&(json, code)| context! { json, code }).collect::<Vec<_>>(),
            bad_sql => facts.bad_sql,
        }
    }

    /// What the field's documentation says until somebody knows better.
    fn doc(&self) -> String {
        let words = names::words(&self.name);
        match (self.kind, words.split_once(' ')) {
            (Kind::Bool, Some(("is", rest))) => format!("Whether it is {rest}."),
            (Kind::Bool, Some(("has", rest))) => format!("Whether it has {rest}."),
            (Kind::Bool, _) => format!("Whether it is {words}."),
            _ => format!("Its {words}."),
        }
    }
}

/// What a type is in each layer, as Rust source.
struct Facts {
    /// On the command line.
    name: &'static str,
    /// In entities of `domain`.
    domain: &'static str,
    /// In SeaORM's model.
    column: &'static str,
    /// As a method of a column in a migration.
    migration: &'static str,
    /// In bodies that are answered.
    body: &'static str,
    /// Two values: an ordinary one, and one at the edge of what is allowed.
    sample: &'static str,
    unusual: &'static str,
    /// For tests over HTTP three: as JSON an ordinary one and another such, and for `json!` one at the edge.
    json: &'static str,
    later: &'static str,
    other_json: &'static str,
    /// JSON that is refused, and the code it is refused with.
    bad: &'static [(&'static str, &'static str)],
    /// What SQL can put into the column although it is no valid value, if anything.
    bad_sql: Option<&'static str>,
}

impl Kind {
    const ALL: [Kind; 8] =
        [Kind::String, Kind::Text, Kind::Int, Kind::Decimal, Kind::Date, Kind::Datetime, Kind::Bool, Kind::Uuid];

    /// Whether what is stored may not be a valid value.
    pub(crate) fn is_checked(self) -> bool {
        self.is_text() || self == Kind::Decimal
    }

    /// Whether it is a text in `domain`.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Kind::String | Kind::Text)
    }

    /// Whether SQL can store what is no valid value.
    pub(crate) fn has_bad_sql(self) -> bool {
        self.facts().bad_sql.is_some()
    }

    /// The type in `domain`.
    pub(crate) fn domain(self) -> &'static str {
        self.facts().domain
    }

    /// The value as the tests of whole answers show it: times and ids differ in each run, and have names there.
    pub(crate) fn shown(self, json: &'static str) -> &'static str {
        match self {
            Kind::Datetime => r#""[time]""#,
            Kind::Uuid => r#""[id]""#,
            _ => json,
        }
    }

    /// An ordinary value of tests over HTTP.
    pub(crate) fn json(self) -> &'static str {
        self.facts().json
    }

    /// Another one.
    pub(crate) fn later(self) -> &'static str {
        self.facts().later
    }

    fn facts(self) -> &'static Facts {
        match self {
            Kind::String => &STRING,
            Kind::Text => &TEXT,
            Kind::Int => &INT,
            Kind::Decimal => &DECIMAL,
            Kind::Date => &DATE,
            Kind::Datetime => &DATETIME,
            Kind::Bool => &BOOL,
            Kind::Uuid => &UUID,
        }
    }
}

const STRING: Facts = Facts {
    name: "string",
    domain: "ShortText",
    column: "String",
    migration: "text()",
    body: "String",
    sample: r#"ShortText::parse("2026-0042").unwrap()"#,
    unusual: r#"ShortText::parse("Zoë O'Brien 山田太郎 👩‍🚀 \\ % \"x\" e\u{301}").unwrap()"#,
    json: r#""2026-0042""#,
    later: r#""2026-0043""#,
    other_json: r#""Zoë O'Brien 山田太郎 👩‍🚀""#,
    bad: &[
        (r#""""#, "too_short"),
        (r#""\u{200b}""#, "too_short"),
        (r#""a\nb""#, "control_character"),
        (r#""a\u{202e}b""#, "control_character"),
        (r#""a".repeat(201)"#, "too_long"),
        ("1", "wrong_type"),
    ],
    bad_sql: Some("''"),
};

const TEXT: Facts = Facts {
    name: "text",
    domain: "LongText",
    column: "String",
    migration: "text()",
    body: "String",
    sample: r#"LongText::parse("One line.\nAnother.").unwrap()"#,
    unusual: r#"LongText::parse(" \r\n\tZoë 👩‍🚀 \\ % ' \"x\" e\u{301} ").unwrap()"#,
    json: r#""One line.\nAnother.""#,
    later: r#""Other words.""#,
    other_json: r#"" \r\n\tZoë 👩‍🚀 ""#,
    bad: &[(r#""a\u{0}b""#, "control_character"), (r#""a".repeat(10_001)"#, "too_long"), ("[1]", "wrong_type")],
    bad_sql: None,
};

const INT: Facts = Facts {
    name: "int",
    domain: "i64",
    column: "i64",
    migration: "big_integer()",
    body: "i64",
    sample: "42",
    unusual: "i64::MIN",
    json: "42",
    later: "43",
    other_json: "i64::MAX",
    bad: &[("1.5", "wrong_type"), (r#""42""#, "wrong_type"), ("u64::MAX", "out_of_range"), ("1e30", "out_of_range")],
    bad_sql: None,
};

const DECIMAL: Facts = Facts {
    name: "decimal",
    domain: "Decimal",
    column: "String",
    migration: "text()",
    body: "String",
    sample: r#"Decimal::parse("12.50").unwrap()"#,
    unusual: r#"Decimal::parse("-999999999999999999.9999999990").unwrap()"#,
    json: r#""12.50""#,
    later: r#""13.50""#,
    other_json: r#""-999999999999999999.9999999990""#,
    bad: &[
        (r#""1,5""#, "invalid_decimal"),
        (r#""1e3""#, "invalid_decimal"),
        (r#""1000000000000000000""#, "out_of_range"),
        ("1e30", "out_of_range"),
        (r#""0.00000000001""#, "too_precise"),
        ("0.1 + 0.2", "too_precise"),
        ("true", "wrong_type"),
    ],
    bad_sql: Some("'1e3'"),
};

const DATE: Facts = Facts {
    name: "date",
    domain: "NaiveDate",
    column: "Date",
    migration: "date()",
    body: "NaiveDate",
    sample: "NaiveDate::from_ymd_opt(2026, 3, 14).unwrap()",
    unusual: "NaiveDate::from_ymd_opt(1, 1, 1).unwrap()",
    json: r#""2026-03-14""#,
    later: r#""2026-03-15""#,
    other_json: r#""9999-12-31""#,
    bad: &[
        (r#"" 2026-3-14""#, "invalid_date"),
        (r#""2026-02-29""#, "invalid_date"),
        (r#""14.03.2026""#, "invalid_date"),
        (r#""0000-01-01""#, "out_of_range"),
        ("20260314", "wrong_type"),
    ],
    bad_sql: None,
};

const DATETIME: Facts = Facts {
    name: "datetime",
    domain: "Timestamp",
    column: "DateTimeUtc",
    migration: "timestamp_with_time_zone()",
    body: "Time",
    sample: r#"Timestamp::from_timestamp_micros(1_773_500_966_535_897).unwrap()"#,
    unusual: r#"Timestamp::from_timestamp_micros(253_402_300_799_999_999).unwrap()"#,
    json: r#""2026-03-14T15:09:26.535897Z""#,
    later: r#""2026-03-15T15:09:26.535897Z""#,
    other_json: r#""0001-01-01T00:00:00.000000Z""#,
    bad: &[
        (r#""2026-03-14""#, "invalid_time"),
        (r#""2026-03-14T15:09:26""#, "invalid_time"),
        (r#""9999-12-31T23:59:59-01:00""#, "out_of_range"),
        ("0", "wrong_type"),
    ],
    bad_sql: None,
};

const BOOL: Facts = Facts {
    name: "bool",
    domain: "bool",
    column: "bool",
    migration: "boolean()",
    body: "bool",
    sample: "false",
    unusual: "true",
    json: "false",
    later: "true",
    other_json: "true",
    bad: &[("1", "wrong_type"), (r#""true""#, "wrong_type")],
    bad_sql: None,
};

const UUID: Facts = Facts {
    name: "uuid",
    domain: "Uuid",
    column: "Uuid",
    migration: "uuid()",
    body: "Uuid",
    sample: "Uuid::from_u128(7)",
    unusual: "Uuid::from_u128(u128::MAX)",
    json: r#""00000000-0000-0000-0000-000000000007""#,
    later: r#""00000000-0000-0000-0000-000000000008""#,
    other_json: r#""ffffffff-ffff-ffff-ffff-ffffffffffff""#,
    bad: &[(r#""7""#, "invalid_id"), (r#""00000000000000000000000000000007""#, "invalid_id"), ("7", "wrong_type")],
    bad_sql: None,
};
