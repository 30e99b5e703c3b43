//! The repository that is worked on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// A repository of Hexauth. Paths are relative to its root.
#[derive(Debug)]
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// The one at this folder.
    pub(crate) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The one that this program runs in. Not the one it was built in: clones may share what cargo builds.
    pub(crate) fn this() -> Result<Self, Error> {
        let fault = |source| Error::File { path: ".".to_owned(), source };
        let folder = std::env::current_dir().map_err(fault)?;
        let root = folder.ancestors().find(|folder| folder.join("xtask/Cargo.toml").is_file());
        root.map(Self::at).ok_or_else(|| Error::Program("run this inside of the repository".to_owned()))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    pub(crate) fn read(&self, path: &str) -> Result<String, Error> {
        fs::read_to_string(self.root.join(path)).map_err(|source| Error::File { path: path.to_owned(), source })
    }

    /// Writes these files, making folders where there are none.
    pub(crate) fn write(&self, files: &BTreeMap<String, String>) -> Result<(), Error> {
        for (path, text) in files {
            let full = self.root.join(path);
            let write = || {
                fs::create_dir_all(full.parent().unwrap_or(&full))?;
                fs::write(&full, text)
            };
            write().map_err(|source| Error::File { path: path.clone(), source })?;
        }
        Ok(())
    }

    /// The names of the Rust modules in a folder: files and folders alike.
    pub(crate) fn modules(&self, folder: &str) -> Result<Vec<String>, Error> {
        let entries = self.entries(folder)?.into_iter();
        let module = |path: PathBuf| {
            let is_module = path.is_dir() || path.extension().is_some_and(|extension| extension == "rs");
            is_module.then(|| path.file_stem()?.to_str().map(str::to_owned)).flatten()
        };
        Ok(entries.filter_map(module).collect())
    }

    /// The texts of all Rust files under a folder.
    pub(crate) fn sources(&self, folder: &str) -> Result<Vec<String>, Error> {
        let mut texts = Vec::new();
        for path in self.entries(folder)? {
            let relative = format!("{folder}/{}", path.file_name().unwrap_or_default().to_string_lossy());
            if path.is_dir() {
                texts.extend(self.sources(&relative)?);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(self.read(&relative)?);
            }
        }
        Ok(texts)
    }

    fn entries(&self, folder: &str) -> Result<Vec<PathBuf>, Error> {
        let fault = |source| Error::File { path: folder.to_owned(), source };
        let entries = fs::read_dir(self.root.join(folder)).map_err(fault)?;
        entries.map(|entry| entry.map(|entry| entry.path()).map_err(fault)).collect()
    }
}
