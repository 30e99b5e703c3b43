//! Names: which are allowed, and how one form is made of another.

/// Words that Rust keeps for itself, in edition 2024.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Longest name. With what is put around it, it must fit PostgreSQL's 63 bytes: `ix_` + plural +
/// `_owner_id_created_at_id`.
const MAX_LENGTH: usize = 32;

/// What is wrong with a name, as the end of a sentence that begins with it.
pub(crate) fn fault(name: &str) -> Option<String> {
    let is_word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if !name.split('_').all(is_word) {
        return Some("is no name: write words of a-z and 0-9, joined by '_', such as line_item".to_owned());
    }
    if name.len() > MAX_LENGTH {
        return Some(format!("is too long: a name has at most {MAX_LENGTH} characters"));
    }
    KEYWORDS.contains(&name).then(|| "is a keyword of Rust: choose another name".to_owned())
}

/// `line_item` becomes `LineItem`.
pub(crate) fn pascal(name: &str) -> String {
    let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.split('_').map(word).collect()
}

/// `line_item` becomes `line item`.
pub(crate) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// The regular English plural.
pub(crate) fn plural(name: &str) -> String {
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    if name.ends_with('y') && !ends(&["ay", "ey", "iy", "oy", "uy"]) {
        format!("{}ies", &name[..name.len() - 1])
    } else if ends(&["s", "x", "z", "ch", "sh"]) {
        format!("{name}es")
    } else {
        format!("{name}s")
    }
}

/// The indefinite article that goes before a word.
pub(crate) fn article(name: &str) -> &'static str {
    // The vowel is not heard in these.
    let sounds_like_you = ["uni", "use", "usa", "uti", "eu", "one"].iter().any(|start| name.starts_with(start))
        && !name.starts_with("unin")
        && !name.starts_with("unim");
    if name.starts_with(['a', 'e', 'i', 'o', 'u']) && !sounds_like_you { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_pass() {
        for name in ["invoice", "line_item", "a", "e2e_run", "category", "a_name_of_exactly_three2_letters"] {
            assert_eq!(fault(name), None, "{name}");
        }
    }

    #[test]
    fn other_names_are_refused() {
        for (name, reason) in [
            ("", "no name"),
            ("Invoice", "no name"),
            ("line-item", "no name"),
            ("2nd", "no name"),
            ("_a", "no name"),
            ("a_", "no name"),
            ("a__b", "no name"),
            ("é", "no name"),
            ("../etc", "no name"),
            ("type", "keyword"),
            ("gen", "keyword"),
            ("self", "keyword"),
            ("a_name_of_exactly_thirty3_letters", "too long"),
        ] {
            assert!(fault(name).is_some_and(|fault| fault.contains(reason)), "{name}");
        }
    }

    #[test]
    fn forms_are_made_of_each_other() {
        assert_eq!((pascal("line_item").as_str(), words("line_item").as_str()), ("LineItem", "line item"));
        for (name, expected) in [
            ("invoice", "invoices"),
            ("category", "categories"),
            ("key", "keys"),
            ("status", "statuses"),
            ("box_office", "box_offices"),
            ("tax", "taxes"),
            ("branch", "branches"),
            ("person", "persons"),
            ("line_item", "line_items"),
        ] {
            assert_eq!(plural(name), expected);
        }
        for (name, expected) in [("invoice", "an"), ("category", "a"), ("unit", "a"), ("user", "a"), ("urn", "an")] {
            assert_eq!(article(name), expected, "{name}");
        }
    }
}
