//! The lines that are added to files which exist. `docs/adding-a-resource.md` says what for.

use minijinja::Value;

use crate::Error;
use crate::edits::Edits;
use crate::project::Project;
use crate::templates::fill;

/// Where the versions of the crates of others are.
const MANIFEST: &str = "Cargo.toml";

/// A file, the text in it before which something is added, and what.
type Addition = (&'static str, &'static str, &'static str);

/// What every resource needs: at most 12 lines, since each is a place where two branches, or a clone and its origin,
/// may meet.
const SHARED: &[Addition] = &[
    ("crates/domain/src/lib.rs", "pub mod users;\n", "pub mod «plural»;\n"),
    ("crates/application/src/lib.rs", "pub mod users;\n", "pub mod «plural»;\n"),
    (
        "crates/application/src/lib.rs",
        "    /// What a node does by itself.\n",
        "    /// «Plural_words».\n    pub «plural»: «plural»::«Plural»,\n",
    ),
    ("migration/src/lib.rs", "\n/// Applies and reverts the migrations.", "mod «migration»;\n"),
    ("migration/src/lib.rs", "        ]\n", "            Box::new(«migration»::Migration),\n"),
    ("crates/infra-seaorm/src/lib.rs", "mod users;\n", "mod «plural»;\n"),
    ("crates/api-actix/src/lib.rs", "mod users;\n", "mod «plural»;\n"),
    ("crates/api-actix/src/features.rs", "];\n\n/// Those whose paths are the same", "    crate::«plural»::FEATURE,\n"),
    (
        "crates/api-actix/src/node/wiring/services.rs",
        "        node: Node {",
        "        «plural»: application::«plural»::«Plural»::new(store.clone(), ids.clone(), clock.clone()),\n",
    ),
    ("tests/contract/main.rs", "mod users;\n", "mod «plural»;\n"),
    ("tests/api/main.rs", "mod verify;\n", "mod «plural»;\n"),
];

/// What the first decimal needs: a crate that calculates, in `domain`.
const DECIMAL: &[Addition] = &[
    (
        MANIFEST,
        "sea-orm = { version",
        "rust_decimal = { version = \"1.43\", default-features = false, features = [\"std\"] }\n",
    ),
    ("crates/domain/Cargo.toml", "thiserror.workspace = true\n", "rust_decimal.workspace = true\n"),
    (
        "tests/boundaries/main.rs",
        "            \"thiserror\",\n            \"unicode-normalization\",\n",
        "            \"rust_decimal\",\n",
    ),
];

/// The files that are edited for every resource.
#[cfg(test)]
pub(crate) fn files() -> impl Iterator<Item = &'static str> {
    SHARED.iter().map(|(path, ..)| *path)
}

/// Makes all additions.
pub(crate) fn add(project: &Project, edits: &mut Edits<'_>, context: &Value) -> Result<(), Error> {
    let needs_decimal = context.get_attr("has_decimal")?.is_true() && !project.read(MANIFEST)?.contains("rust_decimal");
    let decimal = if needs_decimal { DECIMAL } else { &[] };
    for (path, before, text) in SHARED.iter().chain(decimal) {
        edits.add(path, before, &fill(path, text, context)?);
    }
    Ok(())
}
