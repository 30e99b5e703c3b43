//! Reads the identity providers: a section of which each provider has a part.

use std::collections::BTreeMap;
use std::convert::Infallible;

use domain::Secret;
use domain::identities::ProviderName;
use domain::users::Email;

use super::reader::{Reader, named};
use super::types::{Checks, Config, Mode, ProviderKind, ProviderSettings};

/// Most providers.
const MAX_PROVIDERS: usize = 20;
/// Longest client id and title, in bytes.
const MAX_BYTES: usize = 300;
const GITHUB: &str = "https://github.com";
/// What there is of a provider, in the order of the documentation.
const MEMBERS: [&str; 8] =
    ["issuer", "client_id", "client_secret", "scopes", "title", "trusted_domains", "response_mode", "kind"];

/// The providers, in the order of their names. Those with a fault are left out. A browser must come back from one, and
/// a sign-in must end somewhere.
pub(super) fn read_providers(reader: &mut Reader, config: &Config, checks: Checks) -> Vec<ProviderSettings> {
    let values = reader.section("providers.*", |_, text| Ok::<_, Infallible>(text.to_owned()));
    // A provider is there also if nothing of it can be read.
    let unread = reader.unread("providers.*").into_iter().map(|key| (key, String::new()));
    let mut members: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (key, value) in values.into_iter().chain(unread) {
        let (name, member) = key.split_once('.').unwrap_or((&key, ""));
        if MEMBERS.contains(&member) {
            members.entry(name.to_owned()).or_default().insert(member.to_owned(), value);
        } else {
            let fault = format!("a provider has {}, and nothing else", MEMBERS.join(", ").to_ascii_uppercase());
            reader.unknown(&format!("providers.{key}"), &fault);
        }
    }
    if members.len() > MAX_PROVIDERS {
        reader.fault("providers.*", &format!("there are more than {MAX_PROVIDERS} providers"));
    }
    if let Some(name) = members.keys().next() {
        check_ways_back(reader, config, name);
    }
    members.into_iter().filter_map(|(name, members)| read_provider(reader, &name, members, checks)).collect()
}

/// Browsers come back from this provider, and a sign-in ends, where settings say.
fn check_ways_back(reader: &mut Reader, config: &Config, name: &str) {
    let provider = named(&format!("providers.{name}.client_id"));
    if config.application.return_to.is_empty() {
        let fault = format!("it is missing, and a sign-in by the provider of {provider} ends there");
        reader.fault("auth.return_to", &fault);
    }
    let has_url = config.mode == Mode::Development || config.public_url().is_some();
    if !has_url && !reader.is_set("server.public_url") {
        let fault = format!("it is missing, and browsers come back to it from the provider of {provider}");
        reader.fault("server.public_url", &fault);
    }
}

fn read_provider(
    reader: &mut Reader,
    name: &str,
    mut members: BTreeMap<String, String>,
    checks: Checks,
) -> Option<ProviderSettings> {
    let mut part = Part { reader, name, members: &mut members };
    let parsed = part.check("*", ProviderName::parse(name).map_err(|fault| fault.to_string()));
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
    let client_id = part.take("client_id").ok_or_else(|| "it is missing".to_owned()).and_then(line);
    let client_id = part.check("client_id", client_id);
    let scopes =
        part.take("scopes").unwrap_or(if is_github { "read:user user:email" } else { "openid email" }.to_owned());
    let scopes: Vec<String> = words(&scopes);
    let has_openid = is_github || scopes.iter().any(|scope| scope == "openid");
    let scopes =
        part.check("scopes", if has_openid { Ok(scopes) } else { Err("openid must be among them".to_owned()) });
    // One that is empty in a file was to name something: it does not stand for all domains.
    let trusted_domains = match part.members.remove("trusted_domains").as_deref() {
        None | Some("*") => Some(None),
        Some("none") => Some(Some(Vec::new())),
        Some(domains) => part.check("trusted_domains", parse_domains(domains)).map(Some),
    };
    let form_post = match part.take("response_mode").as_deref() {
        None | Some("query") => Some(false),
        Some("form_post") => Some(true),
        Some(_) => part.check("response_mode", Err("it must be query or form_post".to_owned())),
    };
    let title = part.take("title").unwrap_or_else(|| if is_github { "GitHub".to_owned() } else { capitalised(name) });
    let title = part.check("title", line(title));
    let client_secret = part.take("client_secret").map(Secret::new);
    Some(ProviderSettings {
        name: parsed?,
        title: title?,
        kind: kind?,
        issuer: issuer?,
        client_id: client_id?,
        client_secret,
        scopes: scopes?,
        trusted_domains: trusted_domains?,
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

/// A text of one line.
fn line(text: String) -> Result<String, String> {
    let is_good = text.len() <= MAX_BYTES && !text.contains(char::is_control);
    if is_good { Ok(text) } else { Err(format!("it must be one line of at most {MAX_BYTES} bytes")) }
}

/// Domains, as they stand in the addresses of [`Email`]. What could stand in none would be trusted without effect.
fn parse_domains(text: &str) -> Result<Vec<String>, String> {
    let parse = |word: &String| {
        let email = Email::parse(&format!("a@{word}")).ok()?;
        email.key().rsplit_once('@').map(|(_, domain)| domain.to_owned())
    };
    let domains: Option<Vec<_>> = words(text).iter().map(parse).collect();
    domains.filter(|domains| !domains.is_empty()).ok_or_else(|| {
        "it must be domains of addresses, such as 'example.com example.org', or '*' for all, or 'none'".to_owned()
    })
}

fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_ascii_uppercase().to_string() + characters.as_str()).unwrap_or_default()
}
