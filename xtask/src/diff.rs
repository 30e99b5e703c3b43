//! Applying a diff to a project. What a hunk changes is found by its text and not by its line, and the lines in front
//! of it may be others: at the end of a list there may be more meanwhile.

use std::collections::BTreeMap;

use crate::Error;
use crate::project::Project;

/// What a diff does to one file.
#[derive(Debug, Default)]
pub(crate) struct Change {
    path: String,
    hunks: Vec<Hunk>,
}

#[derive(Debug, Default)]
struct Hunk {
    old: Vec<String>,
    new: Vec<String>,
}

/// The changes in a text that has a diff in it, as git writes it, and other words around it.
pub(crate) fn parse(text: &str) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut is_in_hunk = false;
    for line in text.lines() {
        if line.starts_with("diff ") || line.starts_with("```") {
            is_in_hunk = false;
        } else if let (false, Some(path)) = (is_in_hunk, line.strip_prefix("+++ b/")) {
            changes.push(Change { path: path.to_owned(), hunks: Vec::new() });
        } else if let (true, Some(change)) = (line.starts_with("@@ "), changes.last_mut()) {
            change.hunks.push(Hunk::default());
            is_in_hunk = true;
        } else if let (true, Some(hunk)) = (is_in_hunk, changes.last_mut().and_then(|change| change.hunks.last_mut())) {
            hunk.push(line);
        }
    }
    changes
}

/// The files as they are then. Nothing is written.
pub(crate) fn apply(project: &Project, changes: &[Change]) -> Result<BTreeMap<String, String>, Error> {
    changes.iter().map(|change| Ok((change.path.clone(), change.apply_to(project)?))).collect()
}

impl Change {
    fn apply_to(&self, project: &Project) -> Result<String, Error> {
        let text = if project.has(&self.path) { project.read(&self.path)? } else { String::new() };
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let mut from = 0;
        for hunk in &self.hunks {
            from = hunk.apply_to(&mut lines, from).ok_or_else(|| {
                let wanted = hunk.old.join("\n");
                Error::Program(format!("{}: the diff does not fit any more, there is no\n{wanted}", self.path))
            })?;
        }
        Ok(lines.join("\n") + "\n")
    }
}

impl Hunk {
    /// An empty line is one of context: editors take away the blank that marks it.
    fn push(&mut self, line: &str) {
        let (mark, rest) = line.split_at_checked(1).unwrap_or((" ", ""));
        if mark != "+" {
            self.old.push(rest.to_owned());
        }
        if mark != "-" {
            self.new.push(rest.to_owned());
        }
    }

    /// Changes the first place behind `from` that looks like the old lines, without as many of the first as must be.
    /// Returns where the next hunk may be.
    fn apply_to(&self, lines: &mut Vec<String>, from: usize) -> Option<usize> {
        let shared = self.old.iter().zip(&self.new).take_while(|(old, new)| old == new).count();
        (0..=shared).find_map(|skipped| {
            let (old, new) = (&self.old[skipped..], &self.new[skipped..]);
            let start = match old.is_empty() {
                true => Some(from).filter(|_| lines.is_empty()),
                false => lines[from..].windows(old.len()).position(|found| found == old).map(|offset| from + offset),
            }?;
            lines.splice(start..start + old.len(), new.iter().cloned());
            Some(start + new.len())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "Words.\n\n```diff\n\
        diff --git a/list.rs b/list.rs\n--- a/list.rs\n+++ b/list.rs\n@@ -2,3 +2,3 @@\n one\n-two\n+2\n ]\n\n\
        @@ -9,2 +9,3 @@ fn f() {\n last\n+more\n }\n\
        diff --git a/new.rs b/new.rs\nnew file mode 100644\n--- /dev/null\n+++ b/new.rs\n@@ -0,0 +1,2 @@\n+a\n+\n\
        ```\n+ no part of it\n";

    fn applied(list: &str) -> Result<BTreeMap<String, String>, Error> {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::at(folder.path());
        project.write(&BTreeMap::from([("list.rs".to_owned(), list.to_owned())])).unwrap();
        apply(&project, &parse(DIFF))
    }

    #[test]
    fn a_diff_applies_where_the_lines_are() {
        let files = applied("zero\none\ntwo\n]\n\nlast\n}\n").unwrap();
        assert_eq!(files["list.rs"], "zero\none\n2\n]\n\nlast\nmore\n}\n");
        assert_eq!(files["new.rs"], "a\n\n");
        assert_eq!(files.len(), 2);
    }

    #[test]
    fn the_lines_in_front_may_be_others_and_those_behind_may_not() {
        let files = applied("1\ntwo\n]\n\nnewer\n}\n").unwrap();
        assert_eq!(files["list.rs"], "1\n2\n]\n\nnewer\nmore\n}\n");
        let error = applied("one\ntwo\n]\n\nlast\n").unwrap_err().to_string();
        assert!(error.contains("list.rs: the diff does not fit any more"), "{error}");
    }

    /// The promise of `docs/adding-a-field.md`. That the result builds and passes is shown by `prove`.
    #[test]
    fn the_example_of_a_field_fits_and_touches_at_most_eleven_files() {
        let project = Project::this().unwrap();
        let changes = parse(&project.read(crate::prove::FIELD).unwrap());
        let files = apply(&project, &changes).unwrap();
        assert!(files.len() > 5 && files.len() <= crate::prove::MAX_FILES_OF_A_FIELD, "{:#?}", files.keys());
    }
}
