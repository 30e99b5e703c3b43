use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::env_file;
use super::table;

/// Starts every variable but `DATABASE_URL`.
const PREFIX: &str = "APP_";
/// Names a file that holds a setting's value instead of the variable itself.
const FILE_SUFFIX: &str = "_FILE";
/// Names the configuration file, and is read by the command line.
pub(crate) const CONFIG_VARIABLE: &str = "APP_CONFIG";
const DATABASE_VARIABLE: &str = "DATABASE_URL";
const MODE_VARIABLE: &str = "APP_ENV";
/// Stands between the alias of a Docker link and the name of a variable of the container behind it, which may be any.
const LINK_SEPARATOR: &str = "_ENV_";
/// What some editors, and Windows, write before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';
/// Longest `.env` file, and longest file that a `_FILE` variable names, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The environment variables that the configuration is read from. One that is empty counts as not set, as in files of
/// compose and charts, which cannot leave one out. There is no `Debug`: some are secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Names of ours whose values are not UTF-8.
    unreadable: Vec<String>,
    /// `APP_ENV` is there and empty.
    has_empty_mode: bool,
}

impl Environment {
    /// The process's own.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_process() -> Self {
        Self::of(std::env::vars_os())
    }

    fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            // No name of ours is outside ASCII.
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => environment.add(name, value),
                Err(_) if name == CONFIG_VARIABLE || setting(&name).is_some() => environment.unreadable.push(name),
                Err(_) => {}
            }
        }
        environment
    }

    /// These variables and no others.
    pub fn new<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            environment.add(name.into(), value.into());
        }
        environment
    }

    fn add(&mut self, name: String, value: String) {
        if !value.is_empty() {
            self.variables.insert(name, value);
        } else if name == MODE_VARIABLE {
            self.has_empty_mode = true;
        }
    }

    /// Whether `APP_ENV` is there and empty: in a container, that takes away what its image says.
    pub(super) fn has_empty_mode(&self) -> bool {
        self.has_empty_mode
    }

    /// Whether it is for production. The name of a setting's variable may be in any case.
    pub(crate) fn is_production(&self) -> bool {
        let is_mode = |name: &str| name.eq_ignore_ascii_case(MODE_VARIABLE);
        self.variables.iter().any(|(name, value)| is_mode(name) && value == "production")
    }

    /// The variables that look like ours and are not, in order. Kubernetes injects some for each Service, and Docker
    /// for each link: `APP_PORT`, `APP_SERVICE_HOST`, … for one that is named `app`.
    pub(super) fn ignored(&self) -> Vec<String> {
        let is_ignored =
            |name: &&String| name.starts_with(PREFIX) && name.as_str() != CONFIG_VARIABLE && setting(name).is_none();
        self.variables.keys().filter(is_ignored).cloned().collect()
    }

    /// One variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Adds the variables of a `.env` file that are not there already. A missing file is not an error.
    ///
    /// # Errors
    /// The file, the number of the line that cannot be read, and why. The line is not repeated.
    pub fn add_file(&mut self, file: &Path) -> Result<(), String> {
        let name = file.display();
        // Checked before it is opened: a pipe would be waited for without end.
        let is_regular = |metadata: fs::Metadata| match metadata.is_file() {
            true => Ok(()),
            false => Err(io::Error::other("it is no regular file")),
        };
        let bytes = match fs::metadata(file).and_then(is_regular).and_then(|()| read_file(file)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(format!("{name} cannot be read: {error}")),
        };
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK.to_string().as_bytes()).unwrap_or(&bytes);
        for (variable, value) in env_file::parse(bytes).map_err(|fault| format!("{name}, {fault}"))? {
            if !self.variables.contains_key(&variable) {
                self.add(variable, value);
            }
        }
        Ok(())
    }

    /// What the variables say, by the keys of settings; what is wrong with them; and the keys of those that name a file
    /// which cannot be read.
    pub(super) fn into_values(self) -> (BTreeMap<String, String>, Vec<String>, BTreeSet<String>) {
        let (mut values, mut unread) = (BTreeMap::new(), BTreeSet::new());
        let not_text = |name: &String| format!("{name}: its value is not UTF-8");
        let mut faults: Vec<String> = self.unreadable.iter().map(not_text).collect();
        let mut names: BTreeMap<String, &String> = BTreeMap::new();
        for (name, value) in &self.variables {
            let Some(setting) = setting(name) else { continue };
            // One may be in another case, or name a file.
            if let Some(other) = names.insert(setting.key.clone(), name) {
                faults.push(format!("{other} and {name} are both set"));
                continue;
            }
            let value = match setting.is_file {
                true => {
                    // Its name is not repeated: somebody may have put the secret there.
                    read_value(Path::new(value)).map_err(|error| format!("{name}: the file cannot be read: {error}"))
                }
                false => Ok(value.clone()),
            };
            match value {
                Ok(value) => drop(values.insert(setting.key, value)),
                Err(fault) => {
                    faults.push(fault);
                    unread.insert(setting.key);
                }
            }
        }
        (values, faults, unread)
    }
}

/// What a variable names.
struct Named {
    key: String,
    is_file: bool,
}

/// What a variable sets, if it is one of ours: a setting of the table, or a name with the double underscore that only
/// we give, so that a misspelt one is found.
fn setting(name: &str) -> Option<Named> {
    let (plain, is_file) = match name.strip_suffix(FILE_SUFFIX).filter(|_| !names_a_file(name)) {
        Some(plain) => (plain, true),
        None => (name, false),
    };
    if plain == DATABASE_VARIABLE {
        return Some(Named { key: "database.url".to_owned(), is_file });
    }
    if name == CONFIG_VARIABLE {
        return None;
    }
    let key = key(plain)?;
    if key == "database.url" {
        // The setting has one name: with two, one would win unseen. This one is refused as unknown.
        return Some(Named { key: "database__url".to_owned(), is_file });
    }
    let is_ours = match key.contains('.') {
        true => !is_of_link(name),
        false => table::setting(&key).is_some(),
    };
    is_ours.then_some(Named { key, is_file })
}

/// The key of a variable that begins as ours do.
fn key(name: &str) -> Option<String> {
    Some(name.strip_prefix(PREFIX)?.to_ascii_lowercase().replace("__", "."))
}

/// Whether the setting itself is the name of a file, which is not read here.
fn names_a_file(name: &str) -> bool {
    key(name).is_some_and(|key| table::setting(&key).is_some_and(|setting| setting.key == key))
}

/// Whether Docker made it for a link, as `<ALIAS>_ENV_<NAME>`. After a double underscore, it is a part of ours.
fn is_of_link(name: &str) -> bool {
    name.find(LINK_SEPARATOR).is_some_and(|link| name.find("__").is_none_or(|ours| link < ours))
}

/// The variable that sets a key.
pub(super) fn variable(key: &str) -> String {
    if key == "database.url" {
        return DATABASE_VARIABLE.to_owned();
    }
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

fn read_value(file: &Path) -> io::Result<String> {
    let text = String::from_utf8(read_file(file)?).map_err(|_| io::Error::other("it is not UTF-8"))?;
    // Editors and `echo` end a file with a line break that is not part of the value.
    Ok(without_byte_order_mark(&text).trim_end_matches(['\r', '\n']).to_owned())
}

/// The text without the byte-order mark that some editors begin a file with. It cannot be seen, so nobody means it to
/// be part of a secret.
pub(crate) fn without_byte_order_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let mut bytes = Vec::new();
    // Only a plain file tells its size.
    if file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)? as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("it is larger than {MAX_FILE_BYTES} bytes")));
    }
    Ok(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_variable_of_ours_that_is_not_text_is_a_fault() {
        let not_text = |name: &str| (OsString::from(name), OsString::from_vec(vec![b'/', 0xff]));
        let names = ["APP_CONFIG", "APP_ENV", "APP_SECRET_KEY_FILE", "DATABASE_URL"];
        let others = ["PATH", "APPLE", "APP_PORT"];
        let environment = Environment::of(names.into_iter().chain(others).map(not_text));
        let faults = names.map(|name| format!("{name}: its value is not UTF-8"));
        assert_eq!(environment.into_values().1, faults);
    }

    #[test]
    fn what_kubernetes_and_docker_inject_is_ignored_and_a_misspelt_setting_is_not() {
        let ignored = [
            "APP_DB_ENV_PG__X",
            "APP_DB_ENV__X",
            "APP_ENV_APP_SERVER__PORT",
            "APP_ENV_PATH",
            "APP_NAME",
            "APP_PORT",
            "APP_PORT_8080_TCP",
            "APP_PORT_8080_TCP_ADDR",
            "APP_PORT_FILE",
            "APP_SERVER_PORT",
            "APP_SERVER_SERVICE_HOST",
            "APP_SERVICE_PORT_HTTP",
        ];
        let taken = [
            "APP_CLIENTS__MY_ENV_X",
            "APP_CONFIG",
            "APP_ENV",
            "APP_SECRET_KEY_FILE",
            "APP_SERVER__PROT",
            "DATABASE_URL",
            "PATH",
        ];
        let environment = Environment::new(ignored.into_iter().chain(taken).map(|name| (name, "tcp://10.0.0.1:80")));
        assert_eq!(environment.ignored(), ignored);
        let (values, ..) = environment.into_values();
        let keys: Vec<_> = values.into_keys().collect();
        assert_eq!(keys, ["clients.my_env_x", "database.url", "env", "server.prot"]);
    }

    #[test]
    fn a_setting_that_is_the_name_of_a_file_is_taken_as_it_is() {
        for (name, key) in [
            ("APP_PASSWORD__BREACHED_FILE", "password.breached_file"),
            ("APP_MAIL__SMTP__CA_FILE", "mail.smtp.ca_file"),
        ] {
            let (values, faults, _) = Environment::new([(name, "/no/such/file")]).into_values();
            assert_eq!((values.get(key).map(String::as_str), faults.len()), (Some("/no/such/file"), 0), "{name}");
        }
        let (values, faults, unread) = Environment::new([("APP_CLIENTS__A_FILE", "/no/such/file")]).into_values();
        assert_eq!((values.len(), faults.len()), (0, 1), "a client's secret may come from a file");
        assert_eq!(unread.into_iter().collect::<Vec<_>>(), ["clients.a"]);
    }

    #[test]
    fn two_variables_of_one_setting_are_a_fault_that_names_both() {
        for (one, other) in [
            ("APP_AUTH__EMAIL_SIGN_IN", "APP_Auth__Email_Sign_In"),
            ("APP_ENV", "APP_Env"),
            ("APP_SECRET_KEY", "APP_SECRET_KEY_FILE"),
            ("APP_SECRET_KEY_FILE", "APP_Secret_Key"),
            ("DATABASE_URL", "DATABASE_URL_FILE"),
        ] {
            let (_, faults, _) = Environment::new([(other, "true"), (one, "false")]).into_values();
            assert_eq!(faults.last(), Some(&format!("{one} and {other} are both set")));
        }
        // Elsewhere it is a variable as any other.
        assert!(Environment::new([("APP_Env", "production")]).is_production());
        assert!(!Environment::new([("APP_ENV", "development"), ("ENV", "production")]).is_production());
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        fs::write(&file, "APP_ENV=production\nAPP_JWT__ISSUER=\n").unwrap();
        let names = ["APP_CONFIG", "APP_ENV", "APP_SECRET_KEY_FILE", "APP_SERVER__PROT", "APP_PORT", "DATABASE_URL"];
        let empty = names.map(|name| (OsString::from(name), OsString::new()));
        for mut environment in [Environment::of(empty), Environment::new(names.map(|name| (name, "")))] {
            environment.add_file(&file).unwrap();
            assert_eq!((environment.get("APP_CONFIG"), environment.ignored()), (None, Vec::new()));
            let values = BTreeMap::from([("env".to_owned(), "production".to_owned())]);
            assert_eq!(environment.into_values(), (values, Vec::new(), BTreeSet::new()));
        }
    }

    #[test]
    fn a_file_of_variables_that_is_no_regular_file_is_a_fault_and_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        // Opening a pipe that nobody writes to would not return.
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        for file in [folder.path(), &pipe, &socket] {
            let fault = Environment::default().add_file(file).unwrap_err();
            assert_eq!(fault, format!("{} cannot be read: it is no regular file", file.display()));
        }
    }
}
