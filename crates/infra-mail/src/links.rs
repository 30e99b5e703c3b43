use std::collections::BTreeMap;

use domain::one_time_tokens::Purpose;
use thiserror::Error;

/// What stands for the token in a link.
const PLACEHOLDER: &str = "{token}";

/// Where the links in mails lead.
#[derive(Clone, Debug)]
pub struct Links(BTreeMap<&'static str, String>);

/// A link that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a link must begin with a scheme, such as https://, and have {{token}} in it once")]
pub struct LinkError;

impl Links {
    /// To the pages of the service itself, which is reached at `public_url`.
    pub fn to_own_pages(public_url: &str) -> Self {
        let own = |purpose: Purpose| format!("{public_url}/account/{}?token={PLACEHOLDER}", page(purpose));
        Self(Purpose::ALL.into_iter().map(|purpose| (purpose.as_str(), own(purpose))).collect())
    }

    /// Leads to `link` instead, in which `{token}` stands for the token.
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

    /// The link for a token.
    pub(crate) fn link(&self, purpose: Purpose, token: &str) -> String {
        self.0.get(purpose.as_str()).map(|link| link.replace(PLACEHOLDER, token)).unwrap_or_default()
    }
}

/// The name of the page for it.
const fn page(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::VerifyEmail => "verify-email",
        Purpose::ResetPassword => "reset-password",
        Purpose::ChangeEmail => "change-email",
        Purpose::StopEmailChange => "stop-email-change",
        Purpose::SignIn => "sign-in",
        Purpose::Invitation => "invitation",
        Purpose::Registration => "registration",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_page_of_ours_or_to_where_a_team_wants_it() {
        let mut links = Links::to_own_pages("https://id.example.com/auth");
        let link = links.link(Purpose::ResetPassword, "hxp_AAA");
        assert_eq!(link, "https://id.example.com/auth/account/reset-password?token=hxp_AAA");
        links.lead(Purpose::ResetPassword, "https://app.example.com/reset#token={token}").unwrap();
        assert_eq!(links.link(Purpose::ResetPassword, "hxp_AAA"), "https://app.example.com/reset#token=hxp_AAA");
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
