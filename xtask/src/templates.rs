//! The templates: the files of `tasks`, with names in `«»` and conditions on lines that begin with `//%`.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value};

use crate::Error;

/// Where each file goes, and what is in it.
macro_rules! templates {
    ($($target:literal => $source:literal,)+) => {
        &[$(($target, include_str!(concat!("../templates/", $source, ".jinja")))),+]
    };
}

const TEMPLATES: &[(&str, &str)] = templates! {
    "crates/domain/src/«plural»/mod.rs" => "domain/mod.rs",
    "crates/domain/src/«plural»/«name».rs" => "domain/entity.rs",
    "crates/domain/src/«plural»/values.rs" => "domain/values.rs",
    "crates/domain/src/«plural»/repository.rs" => "domain/repository.rs",
    "crates/domain/src/«plural»/unit.rs" => "domain/unit.rs",
    "crates/application/src/«plural»/mod.rs" => "application/mod.rs",
    "crates/application/src/«plural»/create_«name».rs" => "application/create.rs",
    "crates/application/src/«plural»/get_«name».rs" => "application/get.rs",
    "crates/application/src/«plural»/list_«plural».rs" => "application/list.rs",
    "crates/application/src/«plural»/update_«name».rs" => "application/update.rs",
    "crates/application/src/«plural»/delete_«name».rs" => "application/delete.rs",
    "crates/application/src/«plural»/testing.rs" => "application/testing.rs",
    "migration/src/«migration».rs" => "migration.rs",
    "crates/infra-seaorm/src/«plural»/mod.rs" => "seaorm/mod.rs",
    "crates/infra-seaorm/src/«plural»/entity.rs" => "seaorm/entity.rs",
    "crates/infra-seaorm/src/«plural»/repository.rs" => "seaorm/repository.rs",
    "crates/infra-seaorm/src/«plural»/unit.rs" => "seaorm/unit.rs",
    "crates/api-actix/src/«plural»/mod.rs" => "routes/mod.rs",
    "crates/api-actix/src/«plural»/create_«name».rs" => "routes/create.rs",
    "crates/api-actix/src/«plural»/get_«name».rs" => "routes/get.rs",
    "crates/api-actix/src/«plural»/list_«plural».rs" => "routes/list.rs",
    "crates/api-actix/src/«plural»/update_«name».rs" => "routes/update.rs",
    "crates/api-actix/src/«plural»/replace_«name».rs" => "routes/replace.rs",
    "crates/api-actix/src/«plural»/delete_«name».rs" => "routes/delete.rs",
    "crates/api-actix/src/«plural»/values.rs" => "routes/values.rs",
    "tests/contract/«plural».rs" => "tests/contract.rs",
    "tests/api/«plural».rs" => "tests/api.rs",
    "tests/api/answers/«plural».rs" => "tests/answers.rs",
};

/// The files of a resource. One that would be empty is left out.
pub(crate) fn render(context: &Value) -> Result<BTreeMap<String, String>, Error> {
    let file = |(target, source): &(&str, &str)| Ok((fill(target, target, context)?, fill(target, source, context)?));
    let mut files: BTreeMap<_, _> = TEMPLATES.iter().map(file).collect::<Result<_, Error>>()?;
    files.retain(|_, text| !text.trim().is_empty());
    Ok(files)
}

/// A text with its names filled in. Errors say that they are about `title`.
pub(crate) fn fill(title: &str, text: &str, context: &Value) -> Result<String, Error> {
    let mut syntax = SyntaxConfig::builder();
    syntax.variable_delimiters("«", "»").block_delimiters("«%", "%»").comment_delimiters("«#", "#»");
    syntax.line_statement_prefix("//%").keep_trailing_newline(true);
    let mut environment = Environment::new();
    environment.set_syntax(syntax.build()?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    Ok(environment.render_named_str(title, text, context)?)
}

/// The types that the code of every resource uses.
pub(crate) fn types() -> impl Iterator<Item = String> {
    let words = TEMPLATES.iter().flat_map(|(_, source)| identifiers(source));
    // `Item` belongs to a trait: nothing else is hidden by it.
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()) && *word != "Item").map(str::to_owned)
}

/// The variables, parameters and functions that the code of every resource has.
pub(crate) fn variables() -> BTreeSet<&'static str> {
    // Values do not speak of the resource.
    let templates = TEMPLATES.iter().filter(|(target, _)| !target.ends_with("/values.rs"));
    let lines = templates.flat_map(|(_, source)| source.lines());
    lines.flat_map(variables_in).filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase())).collect()
}

fn variables_in(line: &'static str) -> Vec<&'static str> {
    let words = identifiers(line);
    let declares = |word: &str| matches!(word, "let" | "mut" | "fn" | "for" | "Some");
    let declared = words.windows(2).filter(|pair| declares(pair[0])).map(|pair| pair[1]);
    // What stands before a type.
    let parameters =
        line.split(": ").filter(|_| words.contains(&"fn")).filter_map(|part| identifiers(part).last().copied());
    declared.chain(parameters).collect()
}

/// The words of a source, without its comments.
pub(crate) fn identifiers(source: &str) -> Vec<&str> {
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    let words = code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    words.filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn names_are_filled_in_and_lines_that_decide_leave_no_trace() {
        let text = "pub struct «Name» {\n    //% for field in fields\n    pub «field»: «% if a %»Option<«Name»>«% endif %»,\n    //% endfor\n}\n";
        let context = context! { Name => "Invoice", fields => ["one", "two"], a => true };
        let expected = "pub struct Invoice {\n    pub one: Option<Invoice>,\n    pub two: Option<Invoice>,\n}\n";
        assert_eq!(fill("text", text, &context).unwrap(), expected);
        assert!(fill("text", "«unknown»", &context).is_err());
    }

    #[test]
    fn what_the_templates_use_is_known() {
        let variables = variables();
        for name in ["change", "id", "query", "page", "unit", "select", "row", "app", "db", "position", "stored"] {
            assert!(variables.contains(name), "{name}");
        }
        let types: BTreeSet<_> = types().collect();
        for name in ["Actor", "Entity", "Store", "Uuid", "JsonBody", "StatusCode", "Table"] {
            assert!(types.contains(name), "{name}");
        }
    }
}
