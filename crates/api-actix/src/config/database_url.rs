use std::path::{Path, PathBuf};

/// A database URL by its kind. May hold a password: there is no `Debug`.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// `sqlite://…`
    Sqlite(String),
    /// `postgres://…` or `postgresql://…`
    Postgres(String),
}

impl DatabaseUrl {
    /// The text is not repeated: it may hold a password.
    pub(super) fn parse(text: &str, check_postgres: fn(&str) -> Result<(), String>) -> Result<Self, String> {
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        let path = rest.strip_prefix("//").and_then(|rest| rest.split('?').next()).unwrap_or_default();
        match scheme {
            "sqlite" if rest.contains(":memory:") || rest.contains("mode=memory") => {
                Err("a database in memory is not supported: it must be sqlite://path/to/file".to_owned())
            }
            "sqlite" if path.is_empty() => {
                Err("for SQLite it must be sqlite://path/to/file, or sqlite:///path/to/file from the root".to_owned())
            }
            "sqlite" => Ok(Self::Sqlite(text.to_owned())),
            "postgres" | "postgresql" => check_postgres(text).map(|()| Self::Postgres(text.to_owned())),
            _ => Err("it must be sqlite://path/to/file or postgres://user:password@host:port/database".to_owned()),
        }
    }

    /// The SQLite file's folder: what is kept beside the data goes there. `data` for a database server.
    pub fn data_folder(&self) -> PathBuf {
        let Self::Sqlite(url) = self else { return PathBuf::from("data") };
        let path = url.trim_start_matches("sqlite://");
        let path = path.split('?').next().unwrap_or(path);
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        Path::new(path.as_ref()).parent().map(Path::to_path_buf).unwrap_or_default()
    }
}

/// `scheme://user:password@host/…?password=…` without the password, and without parameters, since one of them may be
/// the password.
pub(super) fn without_password(url: &str) -> String {
    let url = url.split('?').next().unwrap_or(url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((login, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    let user = login.split(':').next().unwrap_or(login);
    format!("{scheme}://{user}:(hidden)@{host}")
}
