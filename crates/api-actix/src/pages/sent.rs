use application::one_time_tokens::Proof;
use domain::Secret;
use domain::passwords::Password;

use crate::fields::Optional;
use crate::http::ApiError;

/// What a person sends with the form of a page.
pub(super) struct Sent {
    /// That of the link. Empty, if there was none.
    pub(super) token: Secret,
    /// What they typed, on a page that asks for a new password.
    new_password: Option<Secret>,
}

crate::fields! {
    /// The form of a page. What is wrong with the password is found later, so that the token is there for another try.
    pub(super) SentBody as "Sent" -> Sent {
        /// That of the link.
        token: Optional<Secret>,
        /// What they typed.
        new_password: Optional<Secret>,
    }
    build Sent { token: token.unwrap_or_else(|| Secret::new(String::new())), new_password }
}

impl Sent {
    pub(super) fn proof(&self) -> Proof {
        Proof::Token(self.token.clone())
    }

    pub(super) fn new_password(&self) -> Result<Password, ApiError> {
        let invalid = |code, message: String| ApiError::invalid("new_password", code, message);
        let text =
            self.new_password.as_ref().ok_or_else(|| invalid("required", "This field is required.".to_owned()))?;
        Password::parse(text.expose()).map_err(|fault| invalid(fault.code, fault.message))
    }
}
