//! `new-resource`: writes a resource through all layers.

use clap::Args;
use minijinja::context;

use crate::edits::Edits;
use crate::project::Project;
use crate::resource::Resource;
use crate::{Error, cargo, migrations, templates, wiring};

/// What is asked for.
#[derive(Args)]
pub(crate) struct Arguments {
    /// One of them, in lower case, words joined by '_': invoice, line_item
    name: String,
    /// The fields, as name:type. Types: string (a line of 1 to 200 characters), text (up to 10,000), int (64 bits),
    /// decimal (exact), date, datetime (UTC, microseconds), bool, uuid. A '?' at the end: may be absent, as in
    /// due:date?
    fields: Vec<String>,
    /// Many of them, where the regular plural is wrong: --plural people
    #[arg(long)]
    plural: Option<String>,
}

/// Writes the resource, formats the code and updates the locked OpenAPI document.
pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<(), Error> {
    let resource = Resource::parse(project, &arguments.name, arguments.plural.as_deref(), &arguments.fields)?;
    write(project, &resource)?;
    cargo::run(project, &["fmt", "--all"], &[])?;
    // Compiles everything, and so shows that it builds.
    let test = ["test", "-p", "tests", "--test", "api", "openapi::the_document_is_"];
    // The first decimal brings a crate, which is not in `Cargo.lock` yet.
    let locked: &[_] = if resource.has_decimal() { &[] } else { &["--locked"] };
    cargo::run(project, &[&test, locked].concat(), &[("INSTA_UPDATE", "always")])?;
    let Resource { plural, .. } = resource;
    println!("There is /api/v1/{plural} now, with its tests: scripts/test {plural}");
    println!("Give the fields their own words and rules: crates/domain/src/{plural}. Note it in CHANGELOG.md.");
    Ok(())
}

/// Writes the files and the lines. Before all is known to fit, it writes nothing.
pub(crate) fn write(project: &Project, resource: &Resource) -> Result<(), Error> {
    let migration = migrations::next(project, &resource.plural)?;
    let context = context! { migration, ..resource.context() };
    let mut files = templates::render(&context)?;
    let mut edits = Edits::new(project);
    wiring::add(project, &mut edits, &context)?;
    let exist = files.keys().filter(|path| project.has(path)).map(|path| format!("{path} exists already"));
    let exist: Vec<_> = exist.collect();
    match edits.finish() {
        Ok(edited) if exist.is_empty() => files.extend(edited),
        Ok(_) => return Err(Error::Refused(exist)),
        Err(faults) => return Err(Error::Refused([exist, faults].concat())),
    }
    for path in files.keys() {
        println!("{} {path}", if project.has(path) { "edits" } else { "adds " });
    }
    project.write(&files)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::field::Field;

    /// A copy of the sources, and what is in it.
    struct Copy(tempfile::TempDir);

    impl Copy {
        fn new() -> Self {
            let copy = Self(tempfile::tempdir().unwrap());
            fs::copy(Project::this().unwrap().root().join("Cargo.toml"), copy.0.path().join("Cargo.toml")).unwrap();
            for folder in ["crates", "migration", "tests"] {
                copy_sources(&Project::this().unwrap().root().join(folder), &copy.0.path().join(folder));
            }
            copy
        }

        fn project(&self) -> Project {
            Project::at(self.0.path())
        }

        fn write(&self, name: &str, fields: &[&str]) -> Result<(), Error> {
            let fields: Vec<_> = fields.iter().map(|&field| field.to_owned()).collect();
            write(&self.project(), &Resource::parse(&self.project(), name, None, &fields)?)
        }

        fn files(&self) -> BTreeMap<String, String> {
            let mut files = BTreeMap::new();
            collect(self.0.path(), &mut files);
            files
        }
    }

    fn copy_sources(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
            let to = to.join(entry.file_name().unwrap());
            if entry.is_dir() {
                copy_sources(&entry, &to);
            } else if entry.extension().is_some_and(|extension| ["rs", "toml"].iter().any(|known| extension == *known))
            {
                fs::copy(&entry, &to).unwrap();
            }
        }
    }

    fn collect(folder: &Path, files: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                collect(&entry, files);
            } else {
                files.insert(entry.display().to_string(), fs::read_to_string(&entry).unwrap());
            }
        }
    }

    #[track_caller]
    fn assert_refused(copy: &Copy, name: &str, reason: &str) {
        let before = copy.files();
        let error = copy.write(name, &["number:string", "due:date?"]).unwrap_err().to_string();
        assert!(error.contains("nothing was written") && error.contains(reason), "{error}");
        assert_eq!(copy.files(), before);
    }

    #[test]
    fn a_resource_is_written_once() {
        let copy = Copy::new();
        copy.write("quokka", &["number:string"]).unwrap();
        assert_refused(&copy, "quokka", "there is a 'quokkas' in crates/domain/src already");
        copy.write("numbat", &["parent:uuid?"]).unwrap();
        let migrations = copy.project().read("migration/src/lib.rs").unwrap();
        let (first, second) =
            (migrations.find("_create_quokkas::").unwrap(), migrations.find("_create_numbats::").unwrap());
        assert!(first < second);
    }

    #[test]
    fn where_a_line_to_stand_beside_is_missing_nothing_is_written() {
        let copy = Copy::new();
        let path = "crates/api-actix/src/features.rs";
        let text = copy.project().read(path).unwrap().replace("/// Those whose paths", "/// Those whose names");
        copy.project().write(&BTreeMap::from([(path.to_owned(), text)])).unwrap();
        assert_refused(&copy, "quokka", "crates/api-actix/src/features.rs: '];' should be there once");
    }

    #[test]
    fn a_file_that_is_in_the_way_is_not_overwritten() {
        let copy = Copy::new();
        let path = "crates/application/src/quokkas/get_quokka.rs";
        copy.project().write(&BTreeMap::from([(path.to_owned(), String::new())])).unwrap();
        assert_refused(&copy, "quokka", "there is a 'quokkas' in crates/application/src already");
    }

    /// How many lines of files that were there before are there no more, or only now.
    fn changed_lines(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> BTreeMap<String, usize> {
        let changed = |(path, text): (&String, &String)| {
            let added = after[path].lines().count() - text.lines().count();
            let kept = text.lines().filter(|line| after[path].contains(line)).count();
            (path.clone(), added + text.lines().count() - kept)
        };
        before.iter().map(changed).filter(|(_, count)| *count > 0).collect()
    }

    #[test]
    fn a_resource_adds_at_most_twelve_lines_to_files_that_are_there() {
        let copy = Copy::new();
        let before = copy.files();
        copy.write("quokka", &["number:string", "due:date?", "parent:uuid"]).unwrap();
        let changed = changed_lines(&before, &copy.files());
        assert!(changed.values().sum::<usize>() <= 12, "{changed:#?}");
    }

    #[test]
    fn the_first_decimal_brings_its_crate_and_no_other_does() {
        let copy = Copy::new();
        let mentions = |path: &str| copy.project().read(path).unwrap().matches("rust_decimal").count();
        let paths = ["Cargo.toml", "crates/domain/Cargo.toml", "tests/boundaries/main.rs"];
        assert_eq!(paths.map(mentions), [0; 3]);
        copy.write("quokka", &["amount:decimal"]).unwrap();
        assert_eq!(paths.map(mentions), [1; 3]);
        copy.write("numbat", &["amount:decimal"]).unwrap();
        assert_eq!(paths.map(mentions), [1; 3]);
    }

    /// What would be written for tasks.
    fn tasks() -> BTreeMap<String, String> {
        let fields = ["title:string", "description:text?"].map(|text| Field::parse(text).unwrap());
        let tasks = Resource { name: "task".to_owned(), plural: "tasks".to_owned(), fields: fields.to_vec() };
        let migration = "m20261126_000009_create_tasks";
        templates::render(&context! { migration, ..tasks.context() }).unwrap()
    }

    /// What of tasks has nothing to do with their fields.
    #[test]
    fn the_templates_are_true_to_tasks() {
        let (project, rendered) = (Project::this().unwrap(), tasks());
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for path in [
            "crates/application/src/tasks/get_task.rs",
            "crates/application/src/tasks/delete_task.rs",
            "crates/domain/src/tasks/unit.rs",
            "crates/infra-seaorm/src/tasks/mod.rs",
            "crates/infra-seaorm/src/tasks/unit.rs",
            "crates/api-actix/src/tasks/get_task.rs",
            "crates/api-actix/src/tasks/delete_task.rs",
        ] {
            assert_eq!(words(&rendered[path]), words(&project.read(path).unwrap()), "{path}");
        }
    }

    #[test]
    fn the_documentation_names_every_file_and_none_that_is_not_there() {
        let project = Project::this().unwrap();
        let text = project.read("docs/adding-a-resource.md").unwrap();
        let is_path = |word: &&str| word.contains('/') && word.contains('.') && !word.contains([' ', '(', '"']);
        let named: BTreeSet<_> = text.split('`').skip(1).step_by(2).filter(is_path).collect();
        let missing: Vec<_> = named.iter().filter(|path| !project.has(path)).collect();
        assert!(missing.is_empty(), "there is no {missing:#?}");
        let written = tasks().into_keys().chain(wiring::files().map(str::to_owned));
        // The values of tasks have rules of their own, and a file each.
        let written = written.filter(|path| !path.ends_with("/values.rs"));
        let unnamed: BTreeSet<_> = written.filter(|path| !named.contains(path.as_str())).collect();
        assert!(unnamed.is_empty(), "nothing is said of {unnamed:#?}");
    }
}
