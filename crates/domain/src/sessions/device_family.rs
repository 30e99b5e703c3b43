use std::fmt;

use super::Device;

/// What kind of device it is, as its owner would tell one from another: a browser on a system, or a program. A new
/// version of either is the same device, and so is another address.
///
/// It is made of words that stand here, and at most the name that a program gives itself, so that it may be shown in a
/// mail.
///
/// ```
/// use domain::sessions::{Device, DeviceFamily};
///
/// let device = |user_agent| DeviceFamily::of(&Device::new(Some(user_agent), None));
/// let before = device("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0");
/// let after = device("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0");
/// assert_eq!(before, after);
/// assert_eq!(before.to_string(), "Firefox on Linux");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFamily {
    browser: Option<&'static str>,
    system: Option<&'static str>,
    program: Option<String>,
}

/// The sign by which a browser is known, and its name. Most browsers bear the signs of those behind them, too.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("Trident/", "Internet Explorer"),
];

/// Likewise of systems.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// Most characters of the name of a program.
const MAX_PROGRAM_LENGTH: usize = 40;

impl DeviceFamily {
    /// The family of a device. All that tell nothing of themselves are one.
    pub fn of(device: &Device) -> Self {
        let user_agent = device.user_agent().unwrap_or_default();
        let named = |signs: &[(&str, &'static str)]| {
            signs.iter().find(|(sign, _)| user_agent.contains(sign)).map(|(_, name)| *name)
        };
        if user_agent.starts_with("Mozilla/") {
            return Self { browser: named(&BROWSERS), system: named(&SYSTEMS), program: None };
        }
        Self { program: program(user_agent), ..Self::default() }
    }

    /// Whether it is a known browser.
    pub const fn is_browser(&self) -> bool {
        self.browser.is_some()
    }
}

/// The name of the first product, without its version (RFC 9110, section 10.1.5). No name has a dot, which mail
/// programs might make a link of.
fn program(user_agent: &str) -> Option<String> {
    let name = user_agent.split(['/', ' ']).next()?;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    (is_plain && (1..=MAX_PROGRAM_LENGTH).contains(&name.len())).then(|| name.to_owned())
}

impl fmt::Display for DeviceFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.browser.or(self.program.as_deref()), self.system) {
            (Some(name), Some(system)) => write!(f, "{name} on {system}"),
            (Some(name), None) | (None, Some(name)) => f.write_str(name),
            (None, None) => f.write_str("an unknown device"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_do_not_count_and_systems_do() {
        let chrome = |system: &str, version: &str| {
            format!(
                "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
            )
        };
        let windows = "Windows NT 10.0; Win64; x64";
        let cases = [
            (chrome(windows, "140"), "Chrome on Windows"),
            (chrome("Windows NT 11.0; Win64; x64", "141"), "Chrome on Windows"),
            (chrome("Linux; Android 15; Pixel 9", "141"), "Chrome on Android"),
            (chrome("Macintosh; Intel Mac OS X 10_15_7", "141"), "Chrome on macOS"),
            (chrome("X11; CrOS x86_64 14541.0.0", "141"), "Chrome on ChromeOS"),
            (format!("{} Edg/141.0.0.0", chrome(windows, "141")), "Edge on Windows"),
            (format!("{} OPR/120.0.0.0", chrome(windows, "141")), "Opera on Windows"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.0 Mobile/15E148 Safari/604.1"
                    .to_owned(),
                "Safari on iPhone",
            ),
            ("curl/8.5.0".to_owned(), "curl"),
            ("python-requests/2.32.3".to_owned(), "python-requests"),
            ("HexNotes/1.2 CFNetwork/1498.700.2 Darwin/23.6.0".to_owned(), "HexNotes"),
            ("Mozilla/5.0 (compatible; something)".to_owned(), "an unknown device"),
        ];
        for (user_agent, expected) in cases {
            assert_eq!(DeviceFamily::of(&Device::new(Some(&user_agent), None)).to_string(), expected, "{user_agent}");
        }
    }

    #[test]
    fn what_has_no_place_in_a_mail_is_an_unknown_device() {
        let long = "a".repeat(MAX_PROGRAM_LENGTH + 1);
        for user_agent in ["", "evil.test/1", "https://evil.test", "<b>/1", "böse/1", "/1", &long] {
            let family = DeviceFamily::of(&Device::new(Some(user_agent), None));
            assert_eq!((family.to_string().as_str(), &family), ("an unknown device", &DeviceFamily::default()));
        }
        assert_eq!(DeviceFamily::of(&Device::default()), DeviceFamily::default());
    }
}
