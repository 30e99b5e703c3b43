use std::fmt;

/// Most entries of a setting that is a list.
pub(super) const MAX_LIST: usize = 100;

/// A setting.
pub(super) struct Setting {
    /// Its section and its name, as in a configuration file: `server.port`. One that ends with `.*` stands for every
    /// key of its section.
    pub(super) key: &'static str,
    /// As it is written in the environment. Empty for none.
    pub(super) default: &'static str,
    /// What its value may be.
    pub(super) bounds: Bounds,
    /// Whether it is never shown.
    pub(super) is_secret: bool,
    /// In whole sentences, for the documentation.
    #[cfg_attr(not(test), expect(dead_code, reason = "the documentation is made by a test"))]
    pub(super) meaning: &'static str,
}

/// What the value of a setting may be.
pub(super) enum Bounds {
    /// A whole number, with the lowest and the highest.
    Number(u64, u64),
    /// A duration, with the shortest and the longest.
    Duration(&'static str, &'static str),
    /// `true` or `false`.
    Switch,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A text, with the fewest and the most bytes.
    Bytes(usize, usize),
    /// At most [`MAX_LIST`] entries of the kind that is named.
    List(&'static str),
    /// What is named. Only the reader of the setting checks it.
    Words(&'static str),
}

impl Setting {
    pub(super) const fn new(key: &'static str, default: &'static str, bounds: Bounds, meaning: &'static str) -> Self {
        Self { key, default, bounds, is_secret: false, meaning }
    }

    pub(super) const fn secret(key: &'static str, bounds: Bounds, meaning: &'static str) -> Self {
        Self { key, default: "", bounds, is_secret: true, meaning }
    }

    /// What all keys of a section begin with, for a setting that stands for them.
    pub(super) fn section(&self) -> Option<&'static str> {
        self.key.strip_suffix('*')
    }
}

impl Bounds {
    /// Whether a value is within.
    ///
    /// # Errors
    /// What it must be, for the operator.
    pub(super) fn check(&self, text: &str) -> Result<(), String> {
        let (is_within, fault) = match self {
            Self::Number(min, max) => (
                text.parse().is_ok_and(|number: u64| (*min..=*max).contains(&number)),
                format!("'{text}' is not a whole number from {min} to {max}"),
            ),
            Self::Duration(min, max) => (
                is_duration(text, min, max),
                format!("'{text}' is not a duration from {min} to {max}, such as 15m or 7d"),
            ),
            Self::Switch => (matches!(text, "true" | "false"), format!("'{text}' is not true or false")),
            Self::OneOf(words) => (words.contains(&text), format!("'{text}' is none of {}", words.join(", "))),
            Self::Bytes(min, max) => {
                ((*min..=*max).contains(&text.len()), format!("it must have {min} to {max} bytes"))
            }
            Self::List(_) => (entries(text)?.len() <= MAX_LIST, format!("it must have at most {MAX_LIST} entries")),
            Self::Words(_) => return Ok(()),
        };
        if is_within { Ok(()) } else { Err(fault) }
    }
}

/// As the documentation has them.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(min, max) => write!(f, "{min} to {max}"),
            Self::Duration(min, max) => write!(f, "{min} to {max}"),
            Self::Switch => f.write_str("`true`, `false`"),
            Self::OneOf(words) => write!(f, "`{}`", words.join("`, `")),
            Self::Bytes(min, max) => write!(f, "{min} to {max} bytes"),
            Self::List(what) => write!(f, "{what}, at most {MAX_LIST}"),
            Self::Words(what) => f.write_str(what),
        }
    }
}

/// The entries of a list: those between commas, or those of a JSON array, as some tools write lists.
///
/// # Errors
/// For the operator: it begins like an array, but is not one of strings.
pub(super) fn entries(text: &str) -> Result<Vec<String>, String> {
    let entries: Vec<String> = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(text)
            .map_err(|_| r#"it begins with '[', but is not a JSON array of strings, such as ["a", "b"]"#)?,
        false => text.split(',').map(str::to_owned).collect(),
    };
    Ok(entries.iter().map(|entry| entry.trim()).filter(|entry| !entry.is_empty()).map(str::to_owned).collect())
}

fn is_duration(text: &str, min: &str, max: &str) -> bool {
    let [text, min, max] = [text, min, max].map(humantime::parse_duration);
    matches!((text, min, max), (Ok(duration), Ok(min), Ok(max)) if (min..=max).contains(&duration))
}
