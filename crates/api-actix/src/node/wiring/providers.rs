use std::net::SocketAddr;
use std::sync::Arc;

use domain::Clock;
use domain::providers::IdentityProviders;
use infra_web::{ProviderKind, ProviderSettings, TrustedDomains, WebProviders};

use super::{WiringError, pages_url};
use crate::config::{self, Config};

/// The identity providers, which send browsers back to this service.
pub(super) fn providers(
    config: &Config,
    address: SocketAddr,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn IdentityProviders>, WiringError> {
    let base = pages_url(config, address).unwrap_or_default();
    let settings = config.providers.iter().map(settings);
    Ok(Arc::new(WebProviders::new(settings, &format!("{base}/api/v1/auth/providers"), clock)?))
}

fn settings(provider: &config::ProviderSettings) -> ProviderSettings {
    ProviderSettings {
        name: provider.name.clone(),
        title: provider.title.clone(),
        kind: match provider.kind {
            config::ProviderKind::OpenId => ProviderKind::OpenId,
            config::ProviderKind::GitHub => ProviderKind::GitHub,
        },
        issuer: provider.issuer.clone(),
        client_id: provider.client_id.clone(),
        client_secret: provider.client_secret.clone(),
        scopes: provider.scopes.clone(),
        trusted_domains: match &provider.trusted_domains {
            None => TrustedDomains::All,
            Some(domains) => TrustedDomains::Only(domains.clone()),
        },
        form_post: provider.form_post,
    }
}
