//! The form of `.env` files. What is written is what is meant: nothing is substituted, and a line that could be read in
//! two ways is a fault.

use std::collections::BTreeMap;

/// What may stand around names and values. Other spaces, such as those of Unicode, are part of a value.
const BLANK: [char; 2] = [' ', '\t'];

const UNCLOSED: &str = "its quote must be closed on the same line";

/// The variables of a file, by name.
///
/// # Errors
/// The number of the first line that cannot be read, and what is wrong with it. The line is not repeated: it may hold a
/// secret.
pub(super) fn parse(file: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    for (number, line) in (1..).zip(file.split(|byte| *byte == b'\n')) {
        let fault = |fault| format!("line {number}: {fault}");
        let Some((name, value)) = parse_line(line).map_err(fault)? else { continue };
        // Of two values, some tools take the first and some the last.
        if variables.insert(name, value).is_some() {
            return Err(fault("its variable must not be set by an earlier line, too"));
        }
    }
    Ok(variables)
}

/// `NAME=value`, perhaps with `export` before it. `None` for an empty line and a comment.
fn parse_line(line: &[u8]) -> Result<Option<(String, String)>, &'static str> {
    let line = std::str::from_utf8(line).map_err(|_| "it must be UTF-8")?;
    let line = line.strip_suffix('\r').unwrap_or(line).trim_matches(BLANK);
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    if line.contains(|c: char| c.is_control() && c != '\t') {
        return Err("it must have no control characters");
    }
    let line = line.strip_prefix("export").filter(|rest| rest.starts_with(BLANK)).unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or("it must be NAME=value")?;
    let name = name.trim_matches(BLANK);
    if !is_name(name) {
        return Err("it must be NAME=value, with a name of letters, digits and '_' that does not begin with a digit");
    }
    Ok(Some((name.to_owned(), parse_value(value)?)))
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn parse_value(text: &str) -> Result<String, &'static str> {
    let trimmed = text.trim_start_matches(BLANK);
    if let Some(quoted) = trimmed.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'').ok_or(UNCLOSED)?;
        return end(rest).map(|()| value.to_owned());
    }
    if let Some(quoted) = trimmed.strip_prefix('"') {
        let (value, rest) = unescape(quoted)?;
        return end(rest).map(|()| value);
    }
    Ok(text[..comment(text)].trim_matches(BLANK).to_owned())
}

/// Reads up to the closing double quote. Returns what stands before it and what stands after it.
fn unescape(text: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => return Ok((value, chars.as_str())),
            '\\' => value.push(match chars.next() {
                Some(itself @ ('"' | '\\' | '$')) => itself,
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                _ => return Err("in double quotes, a backslash must stand before one of \" \\ $ n r t"),
            }),
            char => value.push(char),
        }
    }
    Err(UNCLOSED)
}

/// Checks that nothing but a comment follows a closing quote.
fn end(rest: &str) -> Result<(), &'static str> {
    let is_blank = rest[..comment(rest)].trim_matches(BLANK).is_empty();
    is_blank.then_some(()).ok_or("behind its closing quote there must be nothing but a comment")
}

/// Where the comment begins: at a `#` with a blank before it. Any other is part of the value.
fn comment(text: &str) -> usize {
    let mut signs = text.match_indices('#').map(|(index, _)| index);
    signs.find(|index| text[..*index].ends_with(BLANK)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Result<String, &'static str> {
        parse_value(text)
    }

    #[test]
    fn a_value_without_quotes_is_taken_as_it_is_written() {
        for text in ["", "a", "$a", "a$$b${c}$(d)`e`", "a#b", "a=b==", "a\\nb\\", "a'b\"c", "a b  c", "\u{a0}a\u{3000}"]
        {
            assert_eq!(value(text).as_deref(), Ok(text));
            assert_eq!(value(&format!(" \t{text} \t # comment 'with' \"quotes\"")).as_deref(), Ok(text));
        }
        assert_eq!((value("#a").as_deref(), value(" #a").as_deref()), (Ok("#a"), Ok("")));
    }

    #[test]
    fn a_value_in_single_quotes_has_no_escapes() {
        for text in ["", "$a ${b}", " a # b ", "a\\nb\\", "\"a\""] {
            assert_eq!(value(&format!("'{text}'")).as_deref(), Ok(text));
            assert_eq!(value(&format!(" '{text}'\t# it's a comment")).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_value_in_double_quotes_has_a_few() {
        for (text, expected) in
            [("", ""), ("$a ${b} # c 'd'", "$a ${b} # c 'd'"), (r#"\"\\\$\n\r\t"#, "\"\\$\n\r\t"), (r"\\n", "\\n")]
        {
            assert_eq!(value(&format!("\"{text}\"")).as_deref(), Ok(expected));
            assert_eq!(value(&format!(" \"{text}\" # \"comment\"")).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in
            ["'", "\"", "'a", "\"a", "\"a\\\"", "\"a\\", "\"\\a\"", "'a'b", "\"a\"b", "'a''b'", "'a'#b", "\"a\" b"]
        {
            assert!(value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn files_are_read_as_other_tools_write_them() {
        let file = b"\n# comment\r\n  A=1\r\nexport B = 2 \n\texport\tC=3\nexport=4\n\t\n_d9='5' # comment\r\nE=";
        let variables = parse(file).unwrap();
        let variables: Vec<_> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(variables, ["A=1", "B=2", "C=3", "E=", "_d9=5", "export=4"]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_by_its_number() {
        for line in [
            "A",
            "=a",
            "A B=c",
            "9A=b",
            "A-B=c",
            "A.B=c",
            "\u{e4}=b",
            "export A",
            "A='b",
            "FIRST=b",
            "A=b\0",
            "A=b\rc",
            "\u{feff}A=b",
        ] {
            let fault = parse(format!("FIRST=1\r\n\r\n{line}\nB=2").as_bytes()).unwrap_err();
            assert!(fault.starts_with("line 3: "), "{line:?}: {fault}");
        }
        assert!(parse(b"A=1\nB=\xff").unwrap_err().starts_with("line 2: "));
    }

    proptest! {
        #[test]
        fn any_value_can_be_written_and_a_fault_repeats_nothing(text in "\\PC{0,20}", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
            prop_assert_eq!(value(&format!("\"{escaped}\"")), Ok(text.clone()));
            if !text.contains('\'') {
                prop_assert_eq!(value(&format!("'{text}'")), Ok(text));
            }
            drop(parse(&bytes));
        }
    }
}
