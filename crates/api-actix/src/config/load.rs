use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};

use super::environment::Environment;
use super::read::read;
use super::reader::Reader;
use super::table::{SETTINGS, setting};
use super::types::{Checks, Config, Mode};

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub(super) Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not valid:")?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  - {fault}"))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the defaults, then `file`, then `environment`.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault there is.
    pub fn load(file: Option<&Path>, environment: Environment, checks: Checks) -> Result<Self, ConfigError> {
        let mut values = defaults();
        let (ignored_variables, has_empty_mode) = (environment.ignored(), environment.has_empty_mode());
        let (of_environment, mut faults, unread) = environment.into_values();
        match file.map_or_else(|| Ok(BTreeMap::new()), read_file) {
            Ok(of_file) => values.extend(of_file),
            Err(of_file) => {
                faults.extend(of_file);
                return Err(ConfigError(faults));
            }
        }
        values.extend(of_environment);
        let mut reader = Reader::new(values, unread, faults);
        let config = read(&mut reader, ignored_variables, checks);
        for (key, fault) in config.iter().flat_map(checks.check_mail) {
            reader.fault(key, &fault);
        }
        let faults = reader.into_faults();
        let config = config.filter(|_| faults.is_empty()).ok_or(ConfigError(faults))?;
        let has_empty_mode = has_empty_mode && config.mode == Mode::Development;
        Ok(Self { has_empty_mode, ..config })
    }

    /// Every setting as `key = "value"`, secrets left out.
    pub fn show(&self) -> String {
        self.shown.iter().map(|(key, value)| format!("{key} = {value:?}\n")).collect()
    }
}

/// Every setting that has a key of its own.
fn defaults() -> BTreeMap<String, String> {
    let settings = SETTINGS.iter().filter(|setting| setting.section().is_none());
    settings.map(|setting| (setting.key.to_owned(), setting.default.to_owned())).collect()
}

fn read_file(file: &Path) -> Result<BTreeMap<String, String>, Vec<String>> {
    // What follows the first line quotes the file, which may hold a secret.
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    let fault = |error: figment::Error| format!("{}: {}", file.display(), first_line(error.to_string()));
    let content = Figment::from(Toml::file_exact(file)).extract::<Dict>();
    content.map(|content| flatten("", &content)).map_err(|errors| errors.into_iter().map(fault).collect())
}

/// `{server: {port: 1}}` as `{"server.port": "1"}`. What is inside of a setting, instead of its value, stays there.
fn flatten(prefix: &str, dict: &Dict) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    for (name, value) in dict {
        let key = format!("{prefix}{name}");
        let is_setting = setting(&key).is_some_and(|setting| setting.section().is_none());
        match value {
            Value::Dict(_, section) if !is_setting => flat.extend(flatten(&format!("{key}."), section)),
            value => drop(flat.insert(key, text_of(value))),
        }
    }
    flat
}

/// A value as it would be written in the environment. What cannot be written there becomes text that no setting
/// takes.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Char(_, char) => char.to_string(),
        Value::Bool(_, bool) => bool.to_string(),
        Value::Num(_, number) => match (number.to_i128(), number.to_u128(), number.to_f64()) {
            (Some(number), _, _) => number.to_string(),
            (_, Some(number), _) => number.to_string(),
            (_, _, Some(number)) => number.to_string(),
            _ => "(a number)".to_owned(),
        },
        // Each with a comma after it, so that a list of one entry is not accepted for a setting that is not a list.
        Value::Array(_, values) => values.iter().map(|value| text_of(value) + ",").collect(),
        Value::Empty(..) | Value::Dict(..) => "(not a plain value)".to_owned(),
    }
}
