use domain::access_tokens::InvalidAccessToken;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// Reads a UUID in the one form that we write: with hyphens and in lower case.
pub(crate) fn read_uuid(text: &str) -> Result<Uuid, InvalidAccessToken> {
    let id = Uuid::try_parse(text).map_err(|_| InvalidAccessToken)?;
    let is_ours = id.hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH]) == text;
    if is_ours { Ok(id) } else { Err(InvalidAccessToken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_one_form_only() {
        let text = "0189a3b4-c5d6-4e7f-8a9b-0c1d2e3f4a5b";
        assert_eq!(read_uuid(text).unwrap().to_string(), text);
        let others = [
            text.to_uppercase(),
            text.replace('-', ""),
            format!("{{{text}}}"),
            format!("urn:uuid:{text}"),
            format!(" {text}"),
            format!("{text}\0"),
            text[1..].to_owned(),
            String::new(),
        ];
        for other in others {
            assert!(read_uuid(&other).is_err(), "{other}");
        }
    }
}
