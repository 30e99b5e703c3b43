//! Fresh SQLite files.

use infra_sqlite::SqliteSettings;
use migration::Step;
use tempfile::TempDir;

/// A folder with room for a database, and the URL of the file that is not there yet. The folder goes when it is
/// dropped.
pub fn create_database() -> (TempDir, String) {
    let folder = tempfile::Builder::new().prefix("hexauth-sqlite-").tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("hexauth.db").display());
    (folder, url)
}

/// A database with the schema in it.
pub async fn create_migrated_database() -> (TempDir, String) {
    let (folder, url) = create_database();
    infra_sqlite::migrate(&SqliteSettings::new(url.clone()), Step::Up).await.unwrap();
    (folder, url)
}
