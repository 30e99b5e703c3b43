//! `prove`: generates resources in a copy of the repository, adds the example of a field, and runs there what must hold
//! before a change lands.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::project::Project;
use crate::resource::Resource;
use crate::{Error, cargo, diff, new_resource};

/// An ordinary resource, and two with one field each, under names that no project has.
const SMALL: &[&[&str]] = &[
    &["proof_invoice", "number:string", "amount:decimal", "due:date", "paid:bool"],
    &["proof_line", "words:string"],
    &["proof_note", "body:text?"],
];

/// A resource with a field of each type that must be there and one that may be absent.
const COMPLETE: &[&str] = &[
    "proof_category",
    "title:string",
    "subtitle:string?",
    "body:text",
    "notes:text?",
    "rank:int",
    "most:int?",
    "price:decimal",
    "discount:decimal?",
    "day:date",
    "until:date?",
    "starts_at:datetime",
    "ended_at:datetime?",
    "is_open:bool",
    "has_stock:bool?",
    "group:uuid",
    "parent:uuid?",
];

/// The page that has the example of a new field.
pub(crate) const FIELD: &str = "docs/adding-a-field.md";

/// Most files that a new optional field touches, its tests and documents among them.
pub(crate) const MAX_FILES_OF_A_FIELD: usize = 11;

/// Where the copy is made, beside what cargo builds.
const FOLDER: &str = "target/prove";

/// Makes the copy and runs everything there. The tests that start the binary are left out: they know no resource.
pub(crate) fn run(project: &Project) -> Result<(), Error> {
    let copy = copy(project)?;
    set_version(&copy)?;
    // What the libraries of others are built to is shared.
    let target = project.root().join("target").display().to_string();
    let cargo = |arguments: &[&str]| cargo::run(&copy, arguments, &[("CARGO_TARGET_DIR", &target)]);
    cargo(&["update", "--workspace", "--offline", "--quiet"])?;
    // Not by the command, which would build everything each time. It formats and documents all when it writes the last.
    for words in SMALL {
        new_resource::write(&copy, &resource(&copy, words)?)?;
    }
    cargo(&[&["run", "--quiet", "-p", "xtask", "--", "new-resource"], COMPLETE].concat())?;
    // Behind the resources, which update the locked document: what the example says of it is compared.
    add_field(&copy)?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    let targets = ["--lib", "--test", "contract", "--test", "api", "--test", "boundaries"];
    cargo(&[&["test", "--workspace", "--locked"], &targets[..]].concat())
}

fn resource(copy: &Project, words: &[&str]) -> Result<Resource, Error> {
    let mut words = words.iter().map(|&word| word.to_owned());
    let name = words.next().unwrap_or_default();
    Resource::parse(copy, &name, None, &words.collect::<Vec<_>>())
}

/// Applies the example of a new field.
fn add_field(copy: &Project) -> Result<(), Error> {
    let files = diff::apply(copy, &diff::parse(&copy.read(FIELD)?))?;
    println!("--- {FIELD}: {} files", files.len());
    if files.is_empty() || files.len() > MAX_FILES_OF_A_FIELD {
        let fault = format!("{FIELD}: a field touches at most {MAX_FILES_OF_A_FIELD} files, and one at least");
        return Err(Error::Program(fault));
    }
    copy.write(&files)
}

/// Gives the crates of the copy a version of their own. Cargo tells workspaces apart by that and not by their folder:
/// it would take what was built here for what is to be built there, and later the other way round.
fn set_version(copy: &Project) -> Result<(), Error> {
    const MANIFEST: &str = "Cargo.toml";
    let is_version = |line: &str| line.starts_with("version = ");
    let manifest = copy.read(MANIFEST)?;
    let lines = manifest.lines().map(|line| if is_version(line) { "version = \"0.0.0-prove\"" } else { line });
    copy.write(&BTreeMap::from([(MANIFEST.to_owned(), lines.collect::<Vec<_>>().join("\n") + "\n")]))
}

/// Copies what git knows, and what is new and not ignored, as it is now.
fn copy(project: &Project) -> Result<Project, Error> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(project.root());
    let output = git.output().map_err(|error| Error::Program(format!("'git' could not be started: {error}")))?;
    if !output.status.success() {
        return Err(Error::Program("'git ls-files' failed: this must be a clone of the repository".to_owned()));
    }
    let folder = project.root().join(FOLDER);
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    let files = names.split_terminator('\0').filter(|path| project.has(path));
    let copy_all = || -> io::Result<()> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        files.into_iter().try_for_each(|path| copy_file(&project.root().join(path), &folder.join(path)))
    };
    copy_all().map_err(|source| Error::File { path: FOLDER.to_owned(), source })?;
    Ok(Project::at(folder))
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    fs::copy(from, to).map(drop)
}
