//! What a URL of PostgreSQL may say. sqlx's own reader ignores parameters that it does not know, so that a misspelt
//! `sslmode` would mean none, takes the first address of IPv6 for a name, and reads `+` as a space.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::Ipv6Addr;
use std::path::Path;
use std::str::FromStr;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use thiserror::Error;

/// What is wrong with a URL, in words for the operator. None of them repeats a value, which may be a password.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UrlError {
    /// It has another form.
    #[error(
        "it must be postgres://user:password@host:port/database, with '%' and two digits for each special character"
    )]
    Form,
    /// It names several servers.
    #[error("it must name one host: let a virtual address, a DNS name or PgBouncer lead to the primary")]
    SeveralHosts,
    /// A parameter is not known here.
    #[error("it does not know the parameter '{0}': it knows {known}", known = KNOWN.join(", "))]
    Unknown(String),
    /// A parameter comes twice.
    #[error("its parameter '{0}' must come once")]
    Twice(&'static str),
    /// The mode of TLS is not known.
    #[error("its sslmode, or PGSSLMODE, must be one of disable, allow, prefer, require, verify-ca, verify-full")]
    Mode,
    /// The authorities of the system are there for names that are checked.
    #[error("with sslrootcert=system, or PGSSLROOTCERT, its sslmode must be verify-full, which is then the default")]
    System,
    /// A variable of the driver's has a value that is not text.
    #[error("the driver's variable {0} must be UTF-8")]
    NotText(&'static str),
    /// The schemas have another form.
    #[error("its search_path must be names of schemas with commas between them, each of 1 to 63 bytes, at most 16")]
    SearchPath,
}

/// The parameters, as libpq names them, but for the last two: a schema or several, by either name.
const KNOWN: [&str; 13] = [
    "application_name",
    "dbname",
    "host",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
    "search_path",
    "schema",
];

/// Longest name that PostgreSQL has for anything, in bytes, and most schemas in a path.
const MAX_NAME: usize = 63;
const MAX_SCHEMAS: usize = 16;

/// Where systems keep the certificates of their authorities: Debian and Alpine, Fedora, openSUSE, macOS and BSD.
const SYSTEM_AUTHORITIES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// A URL of PostgreSQL that was read, by [`PostgresSettings::new`](crate::PostgresSettings::new). There is no `Debug`:
/// it may hold a password.
#[derive(Clone)]
pub struct PostgresUrl {
    pub(crate) options: PgConnectOptions,
    /// The schemas, quoted, as `SET search_path` takes them.
    pub(crate) search_path: Option<String>,
}

/// Reads a URL as libpq does (PostgreSQL manual, section 34.1.1.2): what follows the `?` goes before what stands
/// before.
///
/// # Errors
/// [`UrlError`].
pub(crate) fn parse(url: &str) -> Result<PostgresUrl, UrlError> {
    let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")).ok_or(UrlError::Form)?;
    // A '#' begins a fragment, which nobody means.
    if rest.contains(['#', '\0']) {
        return Err(UrlError::Form);
    }
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut parameters = read_place(place)?;
    parameters.extend(read_query(query)?);
    if !parameters.contains_key("host") && !parameters.contains_key("dbname") {
        return Err(UrlError::Form);
    }
    if parameters.get("host").is_some_and(|host| host.contains(',')) {
        return Err(UrlError::SeveralHosts);
    }
    let search_path = parameters.remove("search_path").map(|path| quoted(&path)).transpose()?;
    let mode = choose_tls(&mut parameters)?;
    let encode = |value: &String| utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = parameters.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
    let options = PgConnectOptions::from_str(&format!("postgres:///?{}", pairs.join("&")));
    // Only the port is left to be wrong.
    let options = options.map_err(|_| UrlError::Form)?;
    // Otherwise the driver takes the variable, whose value may be `system`, for a file.
    let options = match parameters.contains_key("sslrootcert") {
        true => options,
        false => options.ssl_root_cert_from_pem(Vec::new()),
    };
    // As in libpq, there is no TLS within a machine.
    let is_socket = options.get_socket().is_some() || options.get_host().starts_with('/');
    let options = options.ssl_mode(if is_socket { PgSslMode::Disable } else { mode });
    Ok(PostgresUrl { options, search_path })
}

/// `user:password@host:port/database`, each part of which may be missing.
fn read_place(place: &str) -> Result<BTreeMap<&'static str, String>, UrlError> {
    let (authority, database) = place.split_once('/').unwrap_or((place, ""));
    let (login, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, port) = read_address(address)?;
    let parts = [("user", user), ("password", password), ("host", host), ("port", port), ("dbname", database)];
    let given = parts.into_iter().filter(|(_, text)| !text.is_empty());
    given.map(|(key, text)| Ok((key, decode(text)?))).collect()
}

/// A host and a port, either of which may be empty. An address of IPv6 is in brackets.
fn read_address(address: &str) -> Result<(&str, &str), UrlError> {
    if address.contains(',') {
        return Err(UrlError::SeveralHosts);
    }
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(UrlError::Form)?;
            // A zone may follow, such as %25eth0 (RFC 6874).
            let (ip, _) = host.split_once('%').unwrap_or((host, ""));
            ip.parse::<Ipv6Addr>().map_err(|_| UrlError::Form)?;
            (host, rest)
        }
        None => address.split_at(address.find(':').unwrap_or(address.len())),
    };
    match port.strip_prefix(':') {
        Some(port) => Ok((host, port)),
        None if port.is_empty() => Ok((host, "")),
        None => Err(UrlError::Form),
    }
}

fn read_query(query: &str) -> Result<BTreeMap<&'static str, String>, UrlError> {
    let mut parameters = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(UrlError::Form)?;
        let (key, value) = (known(&decode(name)?)?, decode(value)?);
        // One that is empty counts as not given, but for this one, of which nobody shall mean none by mistake.
        if (!value.is_empty() || key == "sslmode") && parameters.insert(key, value).is_some() {
            return Err(UrlError::Twice(key));
        }
    }
    Ok(parameters)
}

fn known(name: &str) -> Result<&'static str, UrlError> {
    match KNOWN.into_iter().find(|known| *known == name) {
        Some("schema") => Ok("search_path"),
        Some(known) => Ok(known),
        // Where a password was not encoded, what looks like a name may be a part of it.
        None if name.len() <= MAX_NAME
            && name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(&byte)) =>
        {
            Err(UrlError::Unknown(name.to_owned()))
        }
        None => Err(UrlError::Form),
    }
}

fn decode(text: &str) -> Result<String, UrlError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| UrlError::Form)?;
    if text.contains('\0') { Err(UrlError::Form) } else { Ok(text.into_owned()) }
}

/// The schemas as `SET` takes them. Their names are as they are written: nothing is folded to lower case.
fn quoted(path: &str) -> Result<String, UrlError> {
    let schemas: Vec<&str> = path.split(',').map(|schema| schema.trim().trim_matches('"')).collect();
    let is_name = |name: &&str| (1..=MAX_NAME).contains(&name.len()) && !name.contains('"');
    if schemas.len() > MAX_SCHEMAS || !schemas.iter().all(is_name) {
        return Err(UrlError::SearchPath);
    }
    Ok(schemas.iter().map(|schema| format!("\"{schema}\"")).collect::<Vec<_>>().join(", "))
}

/// Takes the mode of TLS out of the parameters, with what libpq makes of it: with the certificate of an authority, the
/// server's is checked whatever else is required, and with those of the system, its name is checked, too. A variable
/// means the same as the parameter, and goes after it.
fn choose_tls(parameters: &mut BTreeMap<&'static str, String>) -> Result<PgSslMode, UrlError> {
    let mut read = |parameter, variable| match parameters.remove(parameter) {
        Some(value) => Ok(Some(value)),
        None => of_environment(variable),
    };
    let mode = read("sslmode", "PGSSLMODE")?.map(|mode| parse_mode(&mode)).transpose()?;
    let authority = read("sslrootcert", "PGSSLROOTCERT")?;
    let (mode, authority) = match (mode, authority) {
        (None | Some(PgSslMode::VerifyFull), Some(authority)) if authority == "system" => {
            (PgSslMode::VerifyFull, system_authorities()?)
        }
        (Some(_), Some(authority)) if authority == "system" => return Err(UrlError::System),
        (Some(PgSslMode::Require), Some(authority)) => (PgSslMode::VerifyCa, Some(authority)),
        (mode, authority) => (mode.unwrap_or_default(), authority),
    };
    parameters.extend(authority.map(|file| ("sslrootcert", file)));
    Ok(mode)
}

fn parse_mode(mode: &str) -> Result<PgSslMode, UrlError> {
    match mode {
        "disable" => Ok(PgSslMode::Disable),
        // The driver takes the first for none. The second also connects to every server that the first connects to.
        "allow" | "prefer" => Ok(PgSslMode::Prefer),
        "require" => Ok(PgSslMode::Require),
        "verify-ca" => Ok(PgSslMode::VerifyCa),
        "verify-full" => Ok(PgSslMode::VerifyFull),
        _ => Err(UrlError::Mode),
    }
}

/// The file with the system's authorities, which `SSL_CERT_FILE` names if it is set, as for OpenSSL. The driver knows
/// Mozilla's in any case.
fn system_authorities() -> Result<Option<String>, UrlError> {
    let usual = || SYSTEM_AUTHORITIES.into_iter().find(|file| Path::new(file).is_file()).map(str::to_owned);
    Ok(of_environment("SSL_CERT_FILE")?.or_else(usual))
}

/// A variable that the driver, or OpenSSL, has a meaning for, and which is not a setting of Hexauth.
#[expect(clippy::disallowed_methods, reason = "the driver reads the others of these by itself")]
fn of_environment(name: &'static str) -> Result<Option<String>, UrlError> {
    let value = std::env::var_os(name).map(OsString::into_string).transpose().map_err(|_| UrlError::NotText(name))?;
    Ok(value.filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(url: &str) -> UrlError {
        parse(url).err().unwrap_or_else(|| panic!("{url} was taken"))
    }

    #[test]
    fn a_url_is_read_as_libpq_reads_it() {
        for (url, user, host, port, database) in [
            ("postgres://ada:pw@db:6543/hexauth", "ada", "db", 6543, "hexauth"),
            ("postgresql://ada@db/hexauth", "ada", "db", 5432, "hexauth"),
            ("postgres://ada@[::1]:6543/hexauth", "ada", "::1", 6543, "hexauth"),
            ("postgres://ada@[2001:db8::7]/hexauth", "ada", "2001:db8::7", 5432, "hexauth"),
            ("postgres://ada@[fe80::1%25eth0]/hexauth", "ada", "fe80::1%eth0", 5432, "hexauth"),
            ("postgres://a%40b:p%40%2F%3Aw@db/a%2Fb", "a@b", "db", 5432, "a/b"),
            ("postgres://ada:p@w:x@db/hexauth", "ada", "db", 5432, "hexauth"),
            ("postgres://?user=ada&host=db&port=6543&dbname=hexauth&password=a+b", "ada", "db", 6543, "hexauth"),
            ("postgres://eve@first/one?user=ada&host=db&dbname=hexauth&port=", "ada", "db", 5432, "hexauth"),
        ] {
            let options = parse(url).unwrap_or_else(|error| panic!("{url}: {error}")).options;
            let read = (options.get_username(), options.get_host(), options.get_port(), options.get_database());
            assert_eq!(read, (user, host, port, Some(database)), "{url}");
        }
        for url in ["postgres://%2Fvar%2Frun%2Fpostgresql/hexauth", "postgres:///hexauth?host=/var/run/postgresql"] {
            let separator = if url.contains('?') { '&' } else { '?' };
            let options = parse(&format!("{url}{separator}sslmode=require"))
                .unwrap_or_else(|error| panic!("{url}: {error}"))
                .options;
            assert_eq!(options.get_socket().unwrap(), Path::new("/var/run/postgresql"));
            assert!(matches!(options.get_ssl_mode(), PgSslMode::Disable));
        }
    }

    #[test]
    fn a_url_of_another_form_is_refused() {
        for url in [
            "",
            "postgres:",
            "postgres://",
            "postgres://?sslmode=require",
            "mysql://db/hexauth",
            "Postgres://db/hexauth",
            "postgres://db:many/hexauth",
            "postgres://db:70000/hexauth",
            "postgres://::1/hexauth",
            "postgres://[::1/hexauth",
            "postgres://[::1]x/hexauth",
            "postgres://[db]/hexauth",
            "postgres://db/hexauth?sslmode",
            "postgres://db/hexauth#sslmode=require",
            "postgres://db/%FF",
            "postgres://db/a%00user",
            "postgres://ada:pw#x@db/hexauth",
            "postgres://ada:12?pw@db/hexauth=x",
        ] {
            assert_eq!(fault(url), UrlError::Form, "{url}");
        }
        for url in ["postgres://a,b/hexauth", "postgres://a:1,b:2/hexauth", "postgres:///hexauth?host=a,b"] {
            assert_eq!(fault(url), UrlError::SeveralHosts, "{url}");
        }
    }

    #[test]
    fn a_parameter_that_is_not_known_is_refused_by_name() {
        for name in ["sslmod", "ssl_mode", "ssl-mode", "SSLMODE", "ssl", "hostaddr", "connect_timeout", "pgbouncer"] {
            let fault = fault(&format!("postgres://db/hexauth?{name}=disable"));
            assert_eq!(fault, UrlError::Unknown(name.to_owned()));
            assert!(fault.to_string().contains(&format!("'{name}'")) && fault.to_string().contains("sslmode"));
        }
        assert_eq!(fault("postgres://db/x?sslmode=verify-full&sslmode=disable"), UrlError::Twice("sslmode"));
        assert_eq!(fault("postgres://db/x?schema=a&search_path=b"), UrlError::Twice("search_path"));
        assert!(parse("postgres://db/x?options=&application_name=a&sslrootcert=").is_ok());
    }

    #[test]
    fn a_mode_of_tls_means_what_it_says_or_is_refused() {
        let mode = |query: &str| {
            parse(&format!("postgres://db/x?{query}")).map(|url| format!("{:?}", url.options.get_ssl_mode()))
        };
        for (query, expected) in [
            ("", "Prefer"),
            ("sslmode=disable", "Disable"),
            ("sslmode=allow", "Prefer"),
            ("sslmode=prefer", "Prefer"),
            ("sslmode=require", "Require"),
            ("sslmode=require&sslrootcert=ca.pem", "VerifyCa"),
            ("sslmode=verify-ca&sslrootcert=ca.pem", "VerifyCa"),
            ("sslmode=verify-full", "VerifyFull"),
            ("sslrootcert=system", "VerifyFull"),
            ("sslrootcert=system&sslmode=verify-full", "VerifyFull"),
        ] {
            assert_eq!(mode(query).as_deref(), Ok(expected), "{query}");
        }
        for query in ["sslmode=", "sslmode=verify-ful", "sslmode=Require", "sslmode=true", "sslmode=require%20"] {
            assert_eq!(mode(query), Err(UrlError::Mode), "{query}");
        }
        for query in ["sslmode=require", "sslmode=verify-ca", "sslmode=prefer", "sslmode=disable"] {
            assert_eq!(mode(&format!("sslrootcert=system&{query}")), Err(UrlError::System), "{query}");
        }
    }

    #[test]
    fn schemas_are_quoted() {
        let path = |text: &str| parse(&format!("postgres://db/x?search_path={text}")).map(|url| url.search_path);
        assert_eq!(path(""), Ok(None));
        assert_eq!(path("app"), Ok(Some("\"app\"".to_owned())));
        assert_eq!(path("%22My%20App%22,%20$user,public"), Ok(Some("\"My App\", \"$user\", \"public\"".to_owned())));
        for text in [",", "a,", "a\"b", &"a".repeat(64), &"a,".repeat(20)] {
            assert_eq!(path(text), Err(UrlError::SearchPath), "{text}");
        }
    }
}
