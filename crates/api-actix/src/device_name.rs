use woothee::parser::Parser;
use woothee::woothee::VALUE_UNKNOWN;

/// What a user agent calls itself, for people: `Firefox on Linux`. One that has no known name stays as it is.
pub(crate) fn device_name(user_agent: &str) -> String {
    let known = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty() && name != VALUE_UNKNOWN);
    let parsed = Parser::new().parse(user_agent);
    let (name, system) = parsed.map_or((None, None), |found| (known(found.name), known(found.os)));
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name,
        (None, _) => user_agent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::device_name;

    #[test]
    fn browsers_have_names_and_others_stay_as_they_are() {
        let cases = [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 \
                 Safari/537.36",
                "Chrome on Windows 10",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("a phone", "a phone"),
            ("", ""),
        ];
        for (user_agent, expected) in cases {
            assert_eq!(device_name(user_agent), expected);
        }
    }
}
