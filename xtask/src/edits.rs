//! Changes to files that exist. All are made in memory first: if one line to add to is missing, no file changes.

use std::collections::BTreeMap;

use crate::project::Project;

/// Changed files, and what could not be changed.
#[derive(Debug)]
pub(crate) struct Edits<'a> {
    project: &'a Project,
    files: BTreeMap<String, String>,
    faults: Vec<String>,
}

impl<'a> Edits<'a> {
    pub(crate) fn new(project: &'a Project) -> Self {
        Self { project, files: BTreeMap::new(), faults: Vec::new() }
    }

    /// The changed files, or everything that could not be changed.
    pub(crate) fn finish(self) -> Result<BTreeMap<String, String>, Vec<String>> {
        if self.faults.is_empty() { Ok(self.files) } else { Err(self.faults) }
    }

    /// Adds `text` to the file before another text, which must be there once. `cargo fmt` sorts modules later.
    pub(crate) fn add(&mut self, path: &str, before: &str, text: &str) {
        if !self.files.contains_key(path) {
            match self.project.read(path) {
                Ok(text) => drop(self.files.insert(path.to_owned(), text)),
                Err(error) => return self.faults.push(error.to_string()),
            }
        }
        let Some(file) = self.files.get_mut(path) else { return };
        let mut found = file.match_indices(before).map(|(offset, _)| offset);
        match (found.next(), found.next()) {
            (Some(offset), None) => file.insert_str(offset, text),
            _ => {
                let (before, text) = (summary(before), summary(text));
                self.faults.push(format!("{path}: '{before}' should be there once, to add '{text}' before it"));
            }
        }
    }
}

/// The first line that is code, or else the first.
fn summary(text: &str) -> &str {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.clone().next().unwrap_or_default();
    lines.find(|line| !line.starts_with("//")).unwrap_or(first).trim_end_matches(", ").trim_end_matches(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "lib.rs";

    fn edit(text: &str, edit: impl FnOnce(&mut Edits<'_>)) -> Result<String, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::at(folder.path());
        project.write(&BTreeMap::from([(FILE.to_owned(), text.to_owned())])).unwrap();
        let mut edits = Edits::new(&project);
        edit(&mut edits);
        assert_eq!(project.read(FILE).unwrap(), text, "nothing is written yet");
        edits.finish().map(|mut files| files.remove(FILE).unwrap())
    }

    #[test]
    fn text_is_added_before_what_is_there_once() {
        let edited = edit("mod a;\nmod c;\n", |edits| {
            edits.add(FILE, "mod c;\n", "mod b;\n");
            edits.add(FILE, "mod b;\n", "// b\n");
        });
        assert_eq!(edited.unwrap(), "mod a;\n// b\nmod b;\nmod c;\n");
    }

    #[test]
    fn all_that_is_missing_or_ambiguous_is_told() {
        let faults = edit("mod a;\nmod a;\n", |edits| {
            edits.add(FILE, "mod z;\n", "mod b;\n");
            edits.add(FILE, "mod a;\n", "\n    /// Docs.\n    fn b();\n");
            edits.add(FILE, "    /// Docs.\n", "B, ");
            edits.add("gone.rs", "end", "end\n");
        });
        let faults = faults.unwrap_err();
        assert_eq!(faults[0], "lib.rs: 'mod z;' should be there once, to add 'mod b;' before it");
        assert_eq!(faults[1], "lib.rs: 'mod a;' should be there once, to add 'fn b();' before it");
        assert_eq!(faults[2], "lib.rs: '/// Docs.' should be there once, to add 'B' before it");
        assert!(faults[3].starts_with("gone.rs: "));
    }
}
