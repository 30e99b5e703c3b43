//! What texts have in common. `what` begins a sentence: "A title".

use unicode_normalization::UnicodeNormalization;

use crate::ValidationError;

/// A line: in Unicode's composed form (NFC), so that the same text is the same characters, trimmed, and at most `max`
/// characters, of which one at least can be seen. No control characters, and none that change the direction of what
/// stands beside them.
pub(crate) fn line(text: &str, what: &str, max: usize) -> Result<String, ValidationError> {
    let composed: String = text.nfc().collect();
    let text = composed.trim_matches(|char: char| char.is_whitespace() || is_without_width(char));
    if !text.chars().any(is_visible) {
        let message = format!("{what} must have at least one character that can be seen.");
        return Err(ValidationError::new("too_short", message));
    }
    require_length(text, what, max)?;
    if text.chars().any(is_control) {
        let message = format!("{what} must have no control characters and no changes of direction.");
        return Err(ValidationError::new("control_character", message));
    }
    Ok(text.to_owned())
}

/// Lines, as they were written: `max` characters at most, of the control characters only tabs and line breaks. What
/// changes the direction of writing ends with its own line, and is kept.
pub(crate) fn lines(text: &str, what: &str, max: usize) -> Result<String, ValidationError> {
    require_length(text, what, max)?;
    if text.chars().any(|char| char.is_control() && !matches!(char, '\t' | '\n' | '\r')) {
        let message = format!("{what} must have no control characters but tabs and line breaks.");
        return Err(ValidationError::new("control_character", message));
    }
    Ok(text.to_owned())
}

fn require_length(text: &str, what: &str, max: usize) -> Result<(), ValidationError> {
    if text.chars().count() > max {
        return Err(ValidationError::new("too_long", format!("{what} must have at most {max} characters.")));
    }
    Ok(())
}

/// Whether a character has no place in a line: controls, the separators of lines and paragraphs, and the embeddings,
/// overrides and isolates of direction (UAX #9), by which a name would reorder the text around it.
pub(crate) fn is_control(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}'..='\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character joins or parts those beside it and is nothing at an end: two lines that differ in it there look
/// alike. Selectors and tags are not among them, which end what they belong to.
fn is_without_width(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// Whether a character leaves a mark where it is shown.
fn is_visible(char: char) -> bool {
    !char.is_whitespace() && !char.is_control() && !is_ignorable(char) && !is_blank(char)
}

/// Whether a character is not shown by itself: Unicode's `Default_Ignorable_Code_Point`, which has the joiners, soft
/// hyphens, fillers, selectors and tags, the anchors of annotations, and what Unicode will never assign.
pub(crate) fn is_ignorable(char: char) -> bool {
    matches!(
        char,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    ) || u32::from(char) & 0xfffe == 0xfffe
}

/// Whether a character is a blank or a filler that Unicode does not count as white space: of Braille, musical notes,
/// Khitan and hieroglyphs, and what stands for an object that is not there.
fn is_blank(char: char) -> bool {
    matches!(char, '\u{2800}' | '\u{fffc}' | '\u{13430}'..='\u{13442}' | '\u{16fe4}' | '\u{1d159}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> &'static str {
        line(text, "A name", 200).unwrap_err().code
    }

    #[test]
    fn a_line_that_nobody_can_see_is_refused() {
        for char in
            "\u{ad}\u{34f}\u{61c}\u{115f}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{2060}\u{2063}\u{2800}\u{3000}\
                     \u{3164}\u{fe0f}\u{feff}\u{ffa0}\u{fffe}\u{1d159}\u{fffc}\u{13430}\u{13441}\u{13442}\u{16fe4}\u{e0020}\u{e0100}\u{10ffff}"
                .chars()
        {
            for text in [format!("{char}"), format!(" {char}{char} \u{200b}")] {
                assert_eq!(code(&text), "too_short", "{text:?}");
            }
        }
    }

    #[test]
    fn a_line_changes_no_direction() {
        for char in
            ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}').chain("\n\0\u{1b}\u{85}\u{2028}\u{2029}".chars())
        {
            assert_eq!(code(&format!("a{char}b")), "control_character", "{char:?}");
        }
    }

    #[test]
    fn what_has_no_width_is_nothing_at_an_end() {
        for char in
            "\u{ad}\u{61c}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2060}\u{2064}\u{feff}\u{2028}".chars()
        {
            for text in [format!("Ada{char}"), format!("{char}Ada"), format!(" {char} Ada {char}{char} ")] {
                assert_eq!(line(&text, "A name", 200).unwrap(), "Ada", "{text:?}");
            }
        }
    }

    #[test]
    fn joiners_inside_words_are_kept() {
        for text in [
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩\u{200d}🚀",
            "🏴\u{e0067}\u{e0062}\u{e007f}",
            "❤\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "שלום (Shalom)",
        ] {
            assert_eq!(line(text, "A name", 200).unwrap(), text);
        }
    }

    #[test]
    fn composed_and_decomposed_are_the_same_line() {
        assert_eq!(line("Zoe\u{308}", "A name", 4).unwrap(), "Zo\u{eb}");
        let (composed, jamo) = ("한글", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}");
        assert_eq!(line(jamo, "A name", 2).unwrap(), composed);
    }

    proptest! {
        /// What is stored must read back.
        #[test]
        fn a_line_parses_to_itself(text in "(?s).*") {
            if let Ok(once) = line(&text, "A name", 200) {
                prop_assert_eq!(line(&once, "A name", 200), Ok(once));
            }
        }
    }
}
