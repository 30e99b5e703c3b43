use std::sync::Arc;

use domain::passkeys::WebAuthn;
use infra_webauthn::{InvalidRelyingParty, RelyingParty, RustWebAuthn};

use crate::config::{Config, WebAuthnSettings};

/// What checks passkeys, if there are any.
pub(super) fn web_authn(config: &Config) -> Result<Option<Arc<dyn WebAuthn>>, InvalidRelyingParty> {
    let Some(settings) = &config.webauthn else { return Ok(None) };
    let web_authn = RustWebAuthn::new(relying_party(settings, &config.application.app_name))?;
    Ok(Some(Arc::new(web_authn)))
}

/// Who passkeys are made for, under this name.
fn relying_party(settings: &WebAuthnSettings, name: &str) -> RelyingParty {
    let WebAuthnSettings { rp_id, origins, any_port } = settings.clone();
    RelyingParty { id: rp_id, name: name.to_owned(), origins, any_port }
}

/// What is wrong with the settings, each by its key.
pub(super) fn faults(settings: &WebAuthnSettings) -> Vec<(&'static str, String)> {
    let key = |fault: &InvalidRelyingParty| match fault {
        InvalidRelyingParty::NotADomain => "webauthn.rp_id",
        InvalidRelyingParty::NoOrigin | InvalidRelyingParty::ForeignOrigin => "webauthn.origins",
    };
    relying_party(settings, "").faults().iter().map(|fault| (key(fault), fault.to_string())).collect()
}
