use domain::Secret;
use domain::identities::ProviderName;
use domain::users::Email;

/// What is configured of a provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Its name in paths.
    pub name: ProviderName,
    /// What people call it.
    pub title: String,
    /// How it is spoken to.
    pub kind: ProviderKind,
    /// Its identifier, which is the URL of its discovery document without the end that all of these have.
    pub issuer: String,
    /// What this service is called there.
    pub client_id: String,
    /// How it proves to be that. `None` for a public client.
    pub client_secret: Option<Secret>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Whose addresses it is believed about.
    pub trusted_domains: TrustedDomains,
    /// Whether browsers are to come back by a POST (OAuth 2.0 Form Post Response Mode).
    pub form_post: bool,
}

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// By OpenID Connect.
    OpenId,
    /// As GitHub and GitHub Enterprise are: by OAuth and an API of their own.
    GitHub,
}

/// The domains of addresses that a provider is believed about when it says that one is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedDomains {
    /// All.
    All,
    /// These, in lower case.
    Only(Vec<String>),
}

impl TrustedDomains {
    pub(super) fn have(&self, email: &Email) -> bool {
        match self {
            Self::All => true,
            Self::Only(domains) => {
                let domain = email.key().rsplit_once('@').map(|(_, domain)| domain);
                domain.is_some_and(|domain| domains.iter().any(|trusted| trusted == domain))
            }
        }
    }
}
