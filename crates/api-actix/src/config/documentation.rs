//! Makes the documentation of the settings from their table, and checks that the files have it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::environment::variable;
use super::setting::Setting;
use super::table::SETTINGS;

const EXAMPLE: &str = ".env.example";
const MANUAL: &str = "docs/operations/configure.md";

/// Widest line of a comment.
const WIDTH: usize = 120;

#[test]
fn the_example_of_an_environment_is_made_from_the_table() {
    check(EXAMPLE, "\n# --- General ---\n", None, &example());
}

#[test]
fn the_table_of_the_documentation_is_made_from_the_table() {
    check(MANUAL, "| Variable | Default | Bounds | Meaning |\n|---|---|---|---|\n", Some("\n\n"), &rows());
}

/// Checks that a file has the text between a line and the next empty one, or its end. With `UPDATE=1` it is written
/// there.
fn check(file: &str, start: &str, end: Option<&str>, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    let text = fs::read_to_string(&path).unwrap();
    let start = text.find(start).unwrap_or_else(|| panic!("{file} has no line {start}")) + start.len();
    let end = end.map_or(text.len(), |end| start + text[start..].find(end).unwrap() + 1);
    if &text[start..end] == wanted {
        return;
    }
    #[expect(clippy::disallowed_methods, reason = "it is no setting of the service")]
    let is_to_be_written = std::env::var_os("UPDATE").is_some();
    assert!(is_to_be_written, "{file} is not what the table of settings says: run 'just settings'. It says:\n{wanted}");
    fs::write(&path, format!("{}{wanted}{}", &text[..start], &text[end..])).unwrap();
}

fn example() -> String {
    let mut text = String::new();
    let mut last = "";
    for setting in SETTINGS {
        // Those without a section come first.
        let section = setting.key.split_once('.').map_or("", |(section, _)| section);
        if section != last {
            write!(text, "\n# --- [{section}] ---\n").unwrap();
            last = section;
        }
        write!(text, "\n{}#{}={}\n", comment(setting), name(setting), setting.default).unwrap();
    }
    text
}

fn comment(setting: &Setting) -> String {
    let sentences = format!("{} ({})", setting.meaning, setting.bounds).replace('`', "");
    let mut lines = vec!["#".to_owned()];
    for word in sentences.split(' ') {
        if lines.last().is_some_and(|line| line.len() + 1 + word.len() > WIDTH) {
            lines.push("#".to_owned());
        }
        lines.last_mut().unwrap().push_str(&format!(" {word}"));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn rows() -> String {
    let row = |setting: &Setting| {
        let default = if setting.default.is_empty() { "none".to_owned() } else { format!("`{}`", setting.default) };
        format!("| `{}` | {default} | {} | {} |\n", name(setting), setting.bounds, setting.meaning)
    };
    SETTINGS.iter().map(row).collect()
}

fn name(setting: &Setting) -> String {
    variable(setting.key).replace('*', "<ID>")
}
