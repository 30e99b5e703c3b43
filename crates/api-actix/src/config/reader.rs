use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use chrono::TimeDelta;

use super::environment::variable;
use super::setting::entries;
use super::table::setting;

/// Settings of earlier commits, and what is set in their place.
const RENAMED: [(&str, &str); 1] = [("auth.registration_open", "registration.mode")];

/// Reads settings by key, and collects faults instead of stopping at the first: when a value is wrong, reading goes on
/// with the default, and at the end there is no configuration.
pub(super) struct Reader {
    values: BTreeMap<String, String>,
    /// The keys of settings whose files cannot be read. They have no value, and their one fault is known.
    unread: BTreeSet<String>,
    read: Vec<&'static str>,
    faults: Vec<String>,
}

impl Reader {
    pub(super) fn new(values: BTreeMap<String, String>, unread: BTreeSet<String>, faults: Vec<String>) -> Self {
        Self { values, unread, read: Vec::new(), faults }
    }

    /// The setting. `None`, with a fault, only when the default itself is wrong, or the table has no such row.
    pub(super) fn get<T, E: Display>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        self.read.push(key);
        let Some(setting) = setting(key) else {
            self.fault(key, "it is not in the table of settings");
            return None;
        };
        let text = self.text(key);
        let parsed = setting.bounds.check(text).and_then(|()| parse(text).map_err(|error| error.to_string()));
        match parsed {
            Ok(value) => Some(value),
            Err(fault) => {
                self.fault(key, &fault);
                parse(setting.default).ok()
            }
        }
    }

    /// A setting that is written as its type's own text.
    pub(super) fn value<T: FromStr>(&mut self, key: &'static str) -> Option<T> {
        let what = setting(key).map(|setting| setting.bounds.to_string()).unwrap_or_default();
        self.get(key, |text| text.parse().map_err(|_| format!("'{text}' is not {what}")))
    }

    /// A number for which 0 means none.
    pub(super) fn unless_zero(&mut self, key: &'static str) -> Option<Option<usize>> {
        self.value(key).map(|number| Some(number).filter(|number| *number > 0))
    }

    /// A duration as people write it.
    pub(super) fn duration(&mut self, key: &'static str) -> Option<Duration> {
        self.get(key, humantime::parse_duration)
    }

    /// The same, for calculations with times.
    pub(super) fn time_delta(&mut self, key: &'static str) -> Option<TimeDelta> {
        self.duration(key).and_then(|duration| TimeDelta::from_std(duration).ok())
    }

    /// A setting that may be empty.
    pub(super) fn optional<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Option<T>> {
        self.get(key, |text| if text.is_empty() { Ok(None) } else { parse(text).map(Some) })
    }

    /// The values of a list.
    pub(super) fn list<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        self.get(key, |text| {
            let parse = |entry: &String| parse(entry).map_err(|error| error.to_string());
            entries(text)?.iter().map(parse).collect::<Result<Vec<T>, String>>()
        })
    }

    /// All settings of a section whose keys are free, by the rest of their keys. Those that are wrong are left out.
    pub(super) fn section<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str, &str) -> Result<T, E>,
    ) -> BTreeMap<String, T> {
        self.read.push(key);
        let mut section = BTreeMap::new();
        let prefix = key.trim_end_matches('*');
        for (key, text) in &self.values {
            let Some(name) = key.strip_prefix(prefix) else { continue };
            match parse(name, text) {
                Ok(value) => drop(section.insert(name.to_owned(), value)),
                Err(error) => self.faults.push(format!("{}: {error}", named(key))),
            }
        }
        section
    }

    /// Whether a setting has a value, even a wrong one, or one in a file that cannot be read.
    pub(super) fn is_set(&self, key: &str) -> bool {
        !self.text(key).is_empty() || self.unread.contains(key)
    }

    /// Something that is wrong with a setting. Of one whose file cannot be read, that is all that is said.
    pub(super) fn fault(&mut self, key: &str, fault: &str) {
        if !self.unread.contains(key) {
            self.push(key, fault);
        }
    }

    /// That there is no such setting, and what there is.
    pub(super) fn unknown(&mut self, key: &str, fault: &str) {
        self.push(key, fault);
    }

    fn push(&mut self, key: &str, fault: &str) {
        self.faults.push(format!("{}: {fault}", named(key)));
    }

    /// The settings of a section whose files cannot be read, by the rest of their keys.
    pub(super) fn unread(&self, key: &'static str) -> Vec<String> {
        let prefix = key.trim_end_matches('*');
        self.unread.iter().filter_map(|key| key.strip_prefix(prefix)).map(str::to_owned).collect()
    }

    /// Every value there is, by its key.
    pub(super) fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// All faults. A key that was not read is one.
    pub(super) fn into_faults(self) -> Vec<String> {
        let Self { values, unread, read, mut faults } = self;
        let has_read = |key: &str| setting(key).is_some_and(|setting| read.contains(&setting.key));
        let unknown = values.keys().chain(&unread).filter(|key| !has_read(key));
        faults.extend(unknown.map(|key| match RENAMED.iter().find(|(former, _)| former == key) {
            Some((_, now)) => format!("{} is not a setting any more: see {}", named(key), named(now)),
            None => format!("{} is not a setting", named(key)),
        }));
        faults
    }

    fn text(&self, key: &str) -> &str {
        self.values.get(key).map(String::as_str).unwrap_or_default()
    }
}

/// A setting's key with its variable, for messages.
pub(super) fn named(key: &str) -> String {
    format!("{key} ({})", variable(key))
}
