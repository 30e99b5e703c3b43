use domain::sessions::{Device, DeviceFamily};

/// What a device calls itself, for people: a browser as in mails, `Firefox on Linux`, and a program with its version,
/// `curl 8.5.0`. One that tells none of this has the name that it sent.
pub(crate) fn device_name(device: &Device) -> Option<String> {
    let user_agent = device.user_agent()?;
    let family = DeviceFamily::of(device);
    if family.is_browser() {
        return Some(family.to_string());
    }
    Some(program(user_agent).unwrap_or_else(|| user_agent.to_owned()))
}

/// The first product, which is the most significant (RFC 9110, section 10.1.5). `Mozilla` says nothing.
fn program(user_agent: &str) -> Option<String> {
    let (name, version) = user_agent.split_whitespace().next()?.split_once('/')?;
    let is_plain =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c));
    (name != "Mozilla" && is_plain(name) && is_plain(version)).then(|| format!("{name} {version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_programs_have_names_and_others_stay_as_they_are() {
        let cases = [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 \
                 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.5.0", "curl 8.5.0"),
            ("python-requests/2.32.3", "python-requests 2.32.3"),
            ("okhttp/4.12.0", "okhttp 4.12.0"),
            ("HexNotes/1.2 CFNetwork/1498.700.2 Darwin/23.6.0", "HexNotes 1.2"),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            ),
            ("curl/", "curl/"),
            ("<b>/1", "<b>/1"),
            ("a phone", "a phone"),
        ];
        for (user_agent, expected) in cases {
            assert_eq!(device_name(&Device::new(Some(user_agent), None)).as_deref(), Some(expected));
        }
        assert_eq!(device_name(&Device::default()), None);
    }
}
