//! Changes to files that exist. All are made in memory first: if one line to add to is missing, no file changes.

use std::collections::BTreeMap;

use crate::project::Project;

/// Where in a file something is added. `cargo fmt` sorts imports and modules later.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Before this text.
    Before(&'static str),
    /// Behind this text.
    Behind(&'static str),
    /// At the end.
    End,
}

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

    /// Adds `text` to the file. Where it goes must be clear: what it stands beside must be there once.
    pub(crate) fn add(&mut self, path: &str, place: Place, text: &str) {
        if !self.files.contains_key(path) {
            match self.project.read(path) {
                Ok(text) => drop(self.files.insert(path.to_owned(), text)),
                Err(error) => return self.faults.push(error.to_string()),
            }
        }
        let Some(file) = self.files.get_mut(path) else { return };
        match place.find(file) {
            Some(offset) => file.insert_str(offset, text),
            None => {
                let (place, text) = (summary(place.neighbour()), summary(text));
                self.faults.push(format!("{path}: '{place}' should be there once, to add '{text}' beside it"));
            }
        }
    }
}

impl Place {
    fn find(self, file: &str) -> Option<usize> {
        let neighbour = self.neighbour();
        let mut found = file.match_indices(neighbour);
        let (start, _) = found.next()?;
        match self {
            Self::End => Some(file.len()),
            _ if found.next().is_some() => None,
            Self::Before(_) => Some(start),
            Self::Behind(_) => Some(start + neighbour.len()),
        }
    }

    fn neighbour(self) -> &'static str {
        match self {
            Self::Before(text) | Self::Behind(text) => text,
            Self::End => "",
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
    fn text_is_added_beside_what_is_there_once() {
        let edited = edit("use x::{A, C};\nmod a;\nmod c;\n", |edits| {
            edits.add(FILE, Place::Before("mod c;\n"), "mod b;\n");
            edits.add(FILE, Place::Behind("use x::{"), "B, ");
            edits.add(FILE, Place::End, "// end\n");
        });
        assert_eq!(edited.unwrap(), "use x::{B, A, C};\nmod a;\nmod b;\nmod c;\n// end\n");
    }

    #[test]
    fn all_that_is_missing_or_ambiguous_is_told() {
        let faults = edit("mod a;\nmod a;\n", |edits| {
            edits.add(FILE, Place::Before("mod z;\n"), "mod b;\n");
            edits.add(FILE, Place::Behind("mod a;\n"), "\n    /// Docs.\n    fn b();\n");
            edits.add(FILE, Place::Behind("    /// Docs.\n"), "B, ");
            edits.add("gone.rs", Place::End, "end\n");
        });
        let faults = faults.unwrap_err();
        assert_eq!(faults[0], "lib.rs: 'mod z;' should be there once, to add 'mod b;' beside it");
        assert_eq!(faults[1], "lib.rs: 'mod a;' should be there once, to add 'fn b();' beside it");
        assert_eq!(faults[2], "lib.rs: '/// Docs.' should be there once, to add 'B' beside it");
        assert!(faults[3].starts_with("gone.rs: "));
    }
}
