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
        // Variables that are made of a file end with its line break.
        let text = text.trim();
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

/// The parameters that are shown. None of them can hold a password.
const SHOWN: [&str; 5] = ["application_name", "schema", "search_path", "sslmode", "sslrootcert"];

/// `scheme://user:password@host/…?password=…` without the password, and with the parameters that are [`SHOWN`] only,
/// since another one may be the password.
pub(super) fn without_password(url: &str) -> String {
    let (place, query) = url.trim().split_once('?').unwrap_or((url.trim(), ""));
    // An '@' belongs before the '?': here it may end a password that was not encoded.
    let is_shown =
        |pair: &&str| pair.split_once('=').is_some_and(|(name, _)| SHOWN.contains(&name)) && !query.contains('@');
    let shown: Vec<&str> = query.split('&').filter(is_shown).collect();
    let shown = if shown.is_empty() { String::new() } else { format!("?{}", shown.join("&")) };
    let hidden = place.split_once("://").and_then(|(scheme, rest)| {
        let (login, host) = rest.rsplit_once('@')?;
        let user = login.split(':').next().unwrap_or(login);
        Some(format!("{scheme}://{user}:(hidden)@{host}"))
    });
    hidden.unwrap_or_else(|| place.to_owned()) + &shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_line_breaks_around_a_url_are_left_out() {
        for text in ["postgres://db/hexauth\n", " postgres://db/hexauth \r\n"] {
            let url =
                DatabaseUrl::parse(text, |text| if text.ends_with("/hexauth") { Ok(()) } else { Err(text.to_owned()) });
            assert!(matches!(url, Ok(DatabaseUrl::Postgres(url)) if url == "postgres://db/hexauth"), "{text:?}");
        }
        let url = DatabaseUrl::parse("sqlite://data/hexauth.db\n", |_| Ok(()));
        assert!(matches!(url, Ok(DatabaseUrl::Sqlite(url)) if url == "sqlite://data/hexauth.db"));
    }

    #[test]
    fn a_url_is_shown_without_what_may_be_a_password() {
        for (url, shown) in [
            ("postgres://ada:pw@db:6543/x", "postgres://ada:(hidden)@db:6543/x"),
            ("postgres://db/x?sslmode=verify-full\n", "postgres://db/x?sslmode=verify-full"),
            (
                "postgres://ada:pw@db/x?sslmode=require&schema=a",
                "postgres://ada:(hidden)@db/x?sslmode=require&schema=a",
            ),
            ("postgres://db/x?password=pw&user=ada&options=pw", "postgres://db/x"),
            ("postgres://db/x?password=pw&sslrootcert=ca.pem&sslkey", "postgres://db/x?sslrootcert=ca.pem"),
            ("postgres://db/x?pass%77ord=pw", "postgres://db/x"),
            ("postgres://db/x?sslmode=p?w@db/x", "postgres://db/x"),
            ("sqlite://data/hexauth.db?mode=rwc", "sqlite://data/hexauth.db"),
        ] {
            assert_eq!(without_password(url), shown, "{url}");
        }
    }
}
