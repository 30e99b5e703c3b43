//! Files and folders that we make. Where root runs a command beside a service that has an account of its own, they
//! must not lock the service out.
//!
//! Public, since the `wiring` of `api-actix` makes `hexauth.secret` with it, also where the database is PostgreSQL.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a file that only its owner may open. If root makes it, it gets the owner of `model`: the folder that it is in,
/// or a file that it belongs to.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if there is one, or a link: root must not give away what a link leads to.
pub fn create(file: &Path, model: &Path) -> io::Result<File> {
    let model = fs::metadata(model)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(file)?;
    #[cfg(unix)]
    if let Some((uid, gid)) = other_owner(&file.metadata()?, &model) {
        std::os::unix::fs::fchown(&file, Some(uid), Some(gid))?;
    }
    Ok(file)
}

/// Makes a folder, and those above it that are missing. If root makes them, each gets the owner of the one above.
///
/// # Errors
/// Those of the file system. An existing folder is not an error.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_of(folder);
    create_folder(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => return Ok(()),
        made => made?,
    }
    #[cfg(unix)]
    if let Some((uid, gid)) = other_owner(&fs::symlink_metadata(folder)?, &fs::metadata(above)?) {
        std::os::unix::fs::lchown(folder, Some(uid), Some(gid))?;
    }
    Ok(())
}

/// The folder that a file or a folder is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The owner and the group of the model, where root made something beside the files of another account. Only root can
/// change the owner.
#[cfg(unix)]
fn other_owner(made: &Metadata, model: &Metadata) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    const ROOT: u32 = 0;
    (made.uid() == ROOT && model.uid() != ROOT).then(|| (model.uid(), model.gid()))
}

/// Whether it is a file, and not a link, that only the owner of the model may open.
pub(crate) fn is_private(file: &Path, model: &Path) -> io::Result<bool> {
    let (file, model) = (fs::symlink_metadata(file)?, fs::metadata(model)?);
    Ok(file.is_file() && has_private_rights(&file, &model))
}

#[cfg(unix)]
fn has_private_rights(file: &Metadata, model: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    const OTHERS: u32 = 0o077;
    file.uid() == model.uid() && file.mode() & OTHERS == 0
}

#[cfg(not(unix))]
fn has_private_rights(_: &Metadata, _: &Metadata) -> bool {
    true
}
