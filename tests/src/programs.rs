//! The database programs of this machine, and the account that they run as.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{fs, os::unix::process::CommandExt};

/// The folder with PostgreSQL's programs in it.
///
/// # Panics
/// When there is none.
pub(crate) fn postgres_programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        find_programs().expect(
            "The tests need PostgreSQL. Install it (Debian: apt-get install postgresql, macOS: brew install \
             postgresql). Most tests can do without where TEST_DATABASE_URL is set to a server where databases may be \
             created, such as postgres://postgres:password@localhost/postgres.",
        )
    })
}

/// A program that runs in a folder, and never as root.
pub(crate) fn command(program: &Path, folder: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    command
}

/// An account of the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// PostgreSQL refuses to run as root: then another account that every machine has. `None`: as ourselves.
    pub(crate) fn to_run_as() -> Option<Self> {
        if id(&["-u"]) != Some(0) {
            return None;
        }
        let account = ["postgres", "nobody"].into_iter().find_map(Self::named);
        Some(account.expect("root needs the account postgres or nobody to run PostgreSQL as"))
    }

    fn named(name: &str) -> Option<Self> {
        Some(Self { uid: id(&["-u", name])?, gid: id(&["-g", name])? })
    }
}

/// What the program `id` says.
fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn find_programs() -> Option<PathBuf> {
    let homebrew = ["/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew"].into_iter().flat_map(|prefix| {
        let mut folders = versions(&format!("{prefix}/opt"), "postgresql@");
        folders.push(format!("{prefix}/opt/postgresql").into());
        folders
    });
    let folders = versions("/usr/lib/postgresql", "").into_iter().chain(homebrew).map(|folder| folder.join("bin"));
    let programs = ["initdb", "postgres", "pg_basebackup"];
    let has_programs = |folder: &PathBuf| programs.iter().all(|program| folder.join(program).is_file());
    search_path().into_iter().chain(folders).find(has_programs)
}

/// The folders in `parent` that are named `prefix` and a version, the highest first.
fn versions(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let version = |path: &PathBuf| path.file_name()?.to_str()?.strip_prefix(prefix)?.parse::<f32>().ok();
    let mut found: Vec<_> = entries.filter_map(|e| Some((version(&e.path())?, e.path()))).collect();
    found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

#[expect(clippy::disallowed_methods, reason = "where programs are is told by the environment only")]
pub(crate) fn search_path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}
