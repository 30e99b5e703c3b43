use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::env_file;

/// Starts every variable but `DATABASE_URL`.
const PREFIX: &str = "APP_";
/// Names a file that holds a setting's value instead of the variable itself.
const FILE_SUFFIX: &str = "_FILE";
/// Names the configuration file, and is read by the command line.
pub(crate) const CONFIG_VARIABLE: &str = "APP_CONFIG";
const DATABASE_VARIABLE: &str = "DATABASE_URL";
/// What some editors, and Windows, write before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';
/// Longest `.env` file, and longest file that a `_FILE` variable names, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The environment variables that the configuration is read from. There is no `Debug`: some are secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Names of ours whose values are not UTF-8.
    unreadable: Vec<String>,
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
                Ok(value) => drop(environment.variables.insert(name, value)),
                Err(_) if name == CONFIG_VARIABLE || setting(&name).is_some() => environment.unreadable.push(name),
                Err(_) => {}
            }
        }
        environment
    }

    /// These variables and no others.
    pub fn new<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, unreadable: Vec::new() }
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
            self.variables.entry(variable).or_insert(value);
        }
        Ok(())
    }

    /// What the variables say, by the keys of settings, and what is wrong with them.
    pub(super) fn into_values(self) -> (BTreeMap<String, String>, Vec<String>) {
        let mut values = BTreeMap::new();
        let not_text = |name: &String| format!("{name}: its value is not UTF-8");
        let mut faults: Vec<String> = self.unreadable.iter().map(not_text).collect();
        for (name, value) in &self.variables {
            let Some(setting) = setting(name) else { continue };
            let value = match setting.is_file {
                true if self.variables.contains_key(&variable(&setting.key)) => {
                    Err(format!("{} and {name} are both set", variable(&setting.key)))
                }
                true => {
                    // Its name is not repeated: somebody may have put the secret there.
                    read_value(Path::new(value)).map_err(|error| format!("{name}: the file cannot be read: {error}"))
                }
                false => Ok(value.clone()),
            };
            match value {
                Ok(value) => drop(values.insert(setting.key, value)),
                Err(fault) => faults.push(fault),
            }
        }
        (values, faults)
    }
}

/// What a variable names.
struct Named {
    key: String,
    is_file: bool,
}

/// What a variable sets, if it is one of ours.
fn setting(name: &str) -> Option<Named> {
    let (plain, is_file) = match name.strip_suffix(FILE_SUFFIX) {
        Some(plain) => (plain, true),
        None => (name, false),
    };
    if plain == DATABASE_VARIABLE {
        return Some(Named { key: "database.url".to_owned(), is_file });
    }
    if name == CONFIG_VARIABLE {
        return None;
    }
    let key = plain.strip_prefix(PREFIX)?.to_ascii_lowercase().replace("__", ".");
    if key == "database.url" {
        // The setting has one name: with two, one would win unseen. This one is refused as unknown.
        return Some(Named { key: "database__url".to_owned(), is_file });
    }
    Some(Named { key, is_file })
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
        let others = ["PATH", "APPLE"];
        let environment = Environment::of(names.into_iter().chain(others).map(not_text));
        let faults = names.map(|name| format!("{name}: its value is not UTF-8"));
        assert_eq!(environment.into_values().1, faults);
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
