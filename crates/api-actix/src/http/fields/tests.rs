use domain::users::{Email, Username};
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::*;

#[derive(Debug, PartialEq)]
struct Command {
    email: Email,
    active: Option<bool>,
    born: Option<Option<NaiveDate>>,
    note: Option<String>,
    home: Option<Home>,
    names: Names,
}

#[derive(Debug, PartialEq)]
struct Home {
    town: String,
    since: Option<i64>,
}

#[derive(Debug, PartialEq)]
struct Names(Option<Username>);

crate::fields! {
    /// A command
    /// of two lines.
    CommandBody as "Command" -> Command {
        email: Required<Email>,
        /// Whether it is.
        active: NotNull<bool>,
        born: Clearable<NaiveDate>,
        note: Optional<String>,
        home: Optional<HomeBody>,
        names: Flat<NamesBody>,
    }
    example {"email": "ada@example.com"}
}

crate::fields! {
    /// Where.
    HomeBody as "Home" -> Home {
        town: Required<String>,
        since: NotNull<i64>,
        _room: Optional<RoomBody>,
    }
    build {
        let () = _room.unwrap_or_default();
        Home { town, since }
    }
}

crate::fields! {
    RoomBody as "Room" -> () {
        number: Required<i64>,
    }
    build { let _ = number; }
}

crate::fields! {
    NamesBody as "Names" -> Names {
        username: Optional<Username>,
    }
    build Names(username)
}

crate::fields! {
    AskBody as "Ask" -> bool {
        is_it: Required<bool>,
        scope: Ignored,
    }
    build {
        let () = scope;
        is_it
    }
}

fn rules() -> Rules {
    Rules { password_policy: PasswordPolicy::default(), today: NaiveDate::from_ymd_opt(2026, 11, 21).unwrap() }
}

fn read_json<L: FieldList>(json: &str) -> Result<L::Value, Vec<(String, &'static str)>> {
    let raw = serde_json::from_str(json).unwrap();
    read::<L>(raw, rules()).map_err(|faults| faults.into_iter().map(|fault| (fault.field, fault.code)).collect())
}

fn faults(json: &str) -> Vec<String> {
    let faults = read_json::<CommandBody>(json).unwrap_err().into_iter();
    faults.map(|(field, code)| format!("{field}:{code}")).collect()
}

#[test]
fn absent_null_and_set_are_told_apart() {
    let command = read_json::<CommandBody>(r#"{"email":"ada@example.com"}"#).unwrap();
    assert_eq!((command.active, command.born, command.note), (None, None, None));
    let command =
        read_json::<CommandBody>(r#"{"email":"ada@example.com","born":null,"note":null,"home":null}"#).unwrap();
    assert_eq!((command.born, command.note, command.home), (Some(None), None, None));
    let all = r#"{"email":"ada@example.com","born":"1990-12-10","active":true,"note":"","username":"ada",
        "home":{"town":"London","since":1852}}"#;
    let command = read_json::<CommandBody>(all).unwrap();
    assert_eq!(command.born, Some(NaiveDate::from_ymd_opt(1990, 12, 10)));
    assert_eq!(command.names, Names(Username::parse("ada").ok()));
    assert_eq!(command.home, Some(Home { town: "London".to_owned(), since: Some(1852) }));
}

#[test]
fn all_faults_are_found_at_once() {
    let expected = [
        "active:duplicate_field",
        "email:required",
        "active:wrong_type",
        "born:invalid_date",
        "username:too_short",
        "role:unknown_field",
    ];
    assert_eq!(faults(r#"{"active":"yes","born":"soon","role":1,"active":true,"username":""}"#), expected);
}

#[test]
fn types_are_not_bent() {
    for (json, field) in [
        (r#"{"email":1}"#, "email"),
        (r#"{"email":null}"#, "email"),
        (r#"{"email":["a@example.com"]}"#, "email"),
        (r#"{"email":"ada@example.com","active":null}"#, "active"),
        (r#"{"email":"ada@example.com","active":1}"#, "active"),
        (r#"{"email":"ada@example.com","active":"true"}"#, "active"),
        (r#"{"email":"ada@example.com","home":"London"}"#, "home"),
        (r#"{"email":"ada@example.com","home":[{"town":"London"}]}"#, "home"),
    ] {
        assert_eq!(faults(json), [format!("{field}:wrong_type")], "{json}");
    }
}

#[test]
fn the_faults_of_an_object_inside_are_named_by_path() {
    let json = r#"{"email":"","home":{"since":"x","since":1,"street":"","_room":{"number":null,"floor":1}},"zip":1}"#;
    let expected = [
        "email:invalid_email",
        "home.since:duplicate_field",
        "home.town:required",
        "home.since:wrong_type",
        "home._room.number:wrong_type",
        "home._room.floor:unknown_field",
        "home.street:unknown_field",
        "zip:unknown_field",
    ];
    assert_eq!(faults(json), expected);
}

#[test]
fn faults_have_a_limit_at_every_depth() {
    let many: Vec<_> = (0..60).map(|number| format!("\"{}{number}\":1", "x".repeat(100))).collect();
    let found = read_json::<CommandBody>(&format!("{{\"home\":{{{}}},{}}}", many.join(","), many.join(",")));
    let found = found.unwrap_err();
    assert_eq!(found.len(), MAX_FAULTS);
    assert!(found.iter().all(|(field, _)| field.len() <= "home.".len() + MAX_NAME_LENGTH));
}

#[test]
fn forms_are_read_by_the_types_of_their_fields() {
    let read = |form: &str| read::<Form<AskBody>>(RawFields::from_urlencoded(form.as_bytes()), rules());
    assert_eq!(read("is_it=true&scope=a&more=b").ok(), Some(true));
    assert_eq!(read("is_it=true&scope=&more=").ok(), Some(true));
    let codes = |form: &str| read(form).unwrap_err().into_iter().map(|fault| fault.code).collect::<Vec<_>>();
    assert_eq!(codes("is_it=yes"), ["wrong_type"]);
    assert_eq!(codes("is_it="), ["required"]);
    assert_eq!(codes("is_it=true&is_it=true"), ["duplicate_field"]);
}

#[test]
fn the_schema_has_the_same_fields() {
    let schema = serde_json::to_value(<CommandBody as PartialSchema>::schema()).unwrap();
    let expected = json!({
        "type": "object",
        "description": "A command\nof two lines.",
        "example": {"email": "ada@example.com"},
        "required": ["email"],
        "additionalProperties": false,
        "properties": {
            "email": {"type": "string", "format": "email", "maxLength": 254},
            "active": {"type": "boolean", "description": "Whether it is."},
            "born": {"type": ["string", "null"], "format": "date"},
            "note": {"type": ["string", "null"]},
            "home": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Home"}]},
            "username": {"type": ["string", "null"], "minLength": 3, "maxLength": 30, "pattern": "^[A-Za-z0-9_-]+$"},
        },
    });
    assert_eq!(schema, expected);
    let mut schemas = Vec::new();
    <CommandBody as ToSchema>::schemas(&mut schemas);
    assert_eq!(schemas.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["Home", "Room"]);
    let form: Value = serde_json::to_value(<Form<AskBody> as PartialSchema>::schema()).unwrap();
    assert_eq!(form["additionalProperties"], json!({"type": "string"}));
    assert_eq!(form["properties"]["scope"], json!({"type": "string"}));
}

#[test]
fn numbers_are_told_by_what_they_were_on_their_way() {
    let read = |json: &str| {
        let (value, mut faults) = (serde_json::from_str(json).unwrap(), Vec::new());
        let field = Field { value, name: "field", path: "", faults: &mut faults, rules: rules() };
        let read = field.text_or_number(|text| Ok(format!("text {text}")), |double| Ok(format!("double {double}")));
        read.ok_or_else(|| faults[0].code)
    };
    for (json, expected) in [
        ("\"12.50\"", "text 12.50"),
        ("42", "text 42"),
        ("18446744073709551615", "text 18446744073709551615"),
        ("12.5", "double 12.5"),
        ("1e2", "double 100"),
    ] {
        assert_eq!(read(json), Ok(expected.to_owned()), "{json}");
    }
    for json in ["true", "null", "[]", "{}"] {
        assert_eq!(read(json), Err("wrong_type"), "{json}");
    }
}
