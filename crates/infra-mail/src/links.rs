use std::collections::BTreeMap;

use domain::one_time_tokens::Purpose;
use thiserror::Error;

/// What stands for the token in a link.
const PLACEHOLDER: &str = "{token}";

/// Where the links in mails lead: to pages of the service, or into a front end. A mail for a purpose that has none
/// holds the code alone.
#[derive(Clone, Debug, Default)]
pub struct Links(BTreeMap<&'static str, String>);

/// A link that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a link must begin with a scheme, such as https://, and have {{token}} in it once")]
pub struct LinkError;

impl Links {
    /// Leads from mails for `purpose` to `link`, in which `{token}` stands for the token.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn lead(&mut self, purpose: Purpose, link: &str) -> Result<(), LinkError> {
        let has_scheme = link.split_once(':').is_some_and(|(scheme, rest)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
                && rest.starts_with("//")
        });
        let is_plain = link.bytes().all(|byte| byte.is_ascii_graphic());
        if !has_scheme || !is_plain || link.matches(PLACEHOLDER).count() != 1 {
            return Err(LinkError);
        }
        self.0.insert(purpose.as_str(), link.to_owned());
        Ok(())
    }

    /// The link for a token, if there is one for its purpose.
    pub(crate) fn link(&self, purpose: Purpose, token: &str) -> Option<String> {
        self.0.get(purpose.as_str()).map(|link| link.replace(PLACEHOLDER, token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_where_a_team_wants_it() {
        let mut links = Links::default();
        assert_eq!(links.link(Purpose::ResetPassword, "hxp_AAA"), None);
        links.lead(Purpose::ResetPassword, "https://app.example.com/reset#token={token}").unwrap();
        let link = links.link(Purpose::ResetPassword, "hxp_AAA");
        assert_eq!(link.as_deref(), Some("https://app.example.com/reset#token=hxp_AAA"));
        links.lead(Purpose::SignIn, "com.example.app://sign-in?t={token}").unwrap();
        let faults = [
            "https://app.example.com/reset",
            "app.example.com/{token}",
            "https://a.example/{token}{token}",
            "https://a.example/ {token}",
            "javascript:alert({token})",
            "",
        ];
        for fault in faults {
            assert_eq!(links.lead(Purpose::SignIn, fault), Err(LinkError), "{fault}");
        }
    }
}
