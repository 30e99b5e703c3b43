use application::one_time_tokens::Proof;
use domain::one_time_tokens::MailedCode;
use domain::users::Email;
use domain::{Secret, ValidationError};

use crate::fields::{Description, FieldList, Fields, Optional, Presence, TextShape, TextValue};

/// Longest token that is looked at, in bytes.
pub(crate) const MAX_PROOF_BYTES: usize = 128;

crate::fields! {
    /// What came in a mail: either `token`, or `email` and `code`.
    pub(crate) ProofBody as "Proof" -> Proof {
        proof: EitherForm,
    }
    example {"email": "ada@example.com", "code": "ABCD-EFGH"}
    build proof
}

/// The fields of [`ProofBody`], of which one form must be there and the other absent.
struct EitherForm;

crate::fields! {
    BothForms as "BothForms" -> (Option<Presented>, Option<Email>, Option<MailedCode>) {
        /// What the link ends in.
        token: Optional<Presented>,
        /// The address that the code was mailed to.
        email: Optional<Email>,
        /// The code, in upper or lower case, with or without its hyphen.
        code: Optional<MailedCode>,
    }
    build (token, email, code)
}

impl Presence for EitherForm {
    type Value = Proof;

    fn take(fields: &mut Fields<'_>, _: &str) -> Option<Proof> {
        match BothForms::read(fields)? {
            (Some(token), None, None) => Some(Proof::Token(token.0)),
            (None, Some(email), Some(code)) => Some(Proof::Code { email, code }),
            _ => {
                fields.note("token", "required", "Either 'token' is required, or 'email' and 'code'.");
                None
            }
        }
    }

    fn describe(description: &mut Description, _: &str, _: &[&str]) {
        BothForms::describe(description);
    }
}

/// A token, as somebody presents it.
pub(crate) struct Presented(pub(crate) Secret);

impl TextValue for Presented {
    const SHAPE: TextShape = TextShape::ANY.length(1, MAX_PROOF_BYTES);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        match text.len() {
            0 => Err(ValidationError::new("too_short", "This must not be empty.")),
            1..=MAX_PROOF_BYTES => Ok(Self(Secret::new(text.to_owned()))),
            _ => Err(ValidationError::new("too_long", "This must have at most 128 bytes.")),
        }
    }
}
