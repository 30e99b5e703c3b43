//! Reads the identity providers: a section of which each provider has a part.

use std::collections::BTreeMap;
use std::convert::Infallible;

use domain::Secret;
use domain::identities::ProviderName;

use super::reader::{Reader, named};
use super::types::{Checks, ProviderKind, ProviderSettings};

/// Most providers.
const MAX_PROVIDERS: usize = 20;
/// Longest client id and title, in bytes.
const MAX_BYTES: usize = 300;
const GITHUB: &str = "https://github.com";
const MEMBERS: [&str; 8] =
    ["kind", "title", "issuer", "client_id", "client_secret", "scopes", "trusted_domains", "response_mode"];

/// The providers, in the order of their names. Those with a fault are left out. A sign-in by one must end somewhere.
pub(super) fn read_providers(reader: &mut Reader, return_to: &[String], checks: Checks) -> Vec<ProviderSettings> {
    let values = reader.section("providers.*", |_, text| Ok::<_, Infallible>(text.to_owned()));
    let mut members: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (key, value) in values {
        let (name, member) = key.split_once('.').unwrap_or((&key, ""));
        if MEMBERS.contains(&member) {
            members.entry(name.to_owned()).or_default().insert(member.to_owned(), value);
        } else {
            reader.fault(&format!("providers.{key}"), &format!("a provider has {}", MEMBERS.join(", ")));
        }
    }
    if members.len() > MAX_PROVIDERS {
        reader.fault("providers.*", &format!("there are more than {MAX_PROVIDERS} providers"));
    }
    if let (Some(name), true) = (members.keys().next(), return_to.is_empty()) {
        let provider = named(&format!("providers.{name}.client_id"));
        reader
            .fault("auth.return_to", &format!("it is missing, and a sign-in by the provider of {provider} ends there"));
    }
    members.into_iter().filter_map(|(name, members)| read_provider(reader, &name, members, checks)).collect()
}

fn read_provider(
    reader: &mut Reader,
    name: &str,
    mut members: BTreeMap<String, String>,
    checks: Checks,
) -> Option<ProviderSettings> {
    let mut part = Part { reader, name, members: &mut members };
    let parsed = part.check("issuer", ProviderName::parse(name).map_err(|fault| fault.to_string()));
    let kind = match part.take("kind").as_deref() {
        // GitHub is known by its name, as long as nothing else is said.
        None if name == "github" && !part.members.contains_key("issuer") => Some(ProviderKind::GitHub),
        None | Some("openid") => Some(ProviderKind::OpenId),
        Some("github") => Some(ProviderKind::GitHub),
        Some(_) => part.check("kind", Err("it must be openid or github".to_owned())),
    };
    let is_github = kind == Some(ProviderKind::GitHub);
    let issuer = match part.take("issuer") {
        Some(issuer) => (checks.check_issuer)(&issuer).map(|()| issuer),
        None if is_github => Ok(GITHUB.to_owned()),
        None => Err("it is missing".to_owned()),
    };
    let issuer = part.check("issuer", issuer);
    let client_id = part.take("client_id").filter(|id| id.len() <= MAX_BYTES);
    let client_id = part.check("client_id", client_id.ok_or_else(|| "it is missing, or has over 300 bytes".to_owned()));
    let scopes =
        part.take("scopes").unwrap_or(if is_github { "read:user user:email" } else { "openid email" }.to_owned());
    let scopes: Vec<String> = words(&scopes);
    let has_openid = is_github || scopes.iter().any(|scope| scope == "openid");
    let scopes =
        part.check("scopes", if has_openid { Ok(scopes) } else { Err("openid must be among them".to_owned()) });
    let trusted_domains = match part.take("trusted_domains").as_deref() {
        None | Some("*") => None,
        Some("none") => Some(Vec::new()),
        Some(domains) => Some(words(&domains.to_ascii_lowercase())),
    };
    let form_post = match part.take("response_mode").as_deref() {
        None | Some("query") => Some(false),
        Some("form_post") => Some(true),
        Some(_) => part.check("response_mode", Err("it must be query or form_post".to_owned())),
    };
    let title = part.take("title").unwrap_or_else(|| if is_github { "GitHub".to_owned() } else { capitalised(name) });
    let client_secret = part.take("client_secret").map(Secret::new);
    Some(ProviderSettings {
        name: parsed?,
        title,
        kind: kind?,
        issuer: issuer?,
        client_id: client_id?,
        client_secret,
        scopes: scopes?,
        trusted_domains,
        form_post: form_post?,
    })
}

/// The settings of one provider.
struct Part<'a> {
    reader: &'a mut Reader,
    name: &'a str,
    members: &'a mut BTreeMap<String, String>,
}

impl Part<'_> {
    fn take(&mut self, member: &str) -> Option<String> {
        self.members.remove(member).filter(|value| !value.is_empty())
    }

    fn check<T>(&mut self, member: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|fault| self.reader.fault(&format!("providers.{}.{member}", self.name), &fault)).ok()
    }
}

/// The entries of a list, with blanks or commas between them.
fn words(text: &str) -> Vec<String> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_ascii_uppercase().to_string() + characters.as_str()).unwrap_or_default()
}
