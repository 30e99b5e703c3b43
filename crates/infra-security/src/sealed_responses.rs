use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use domain::identities::ProviderName;
use domain::keys::RootSecret;
use domain::providers::ResponseSeal;
use domain::{Secret, Source};
use zeroize::Zeroizing;

use crate::seal::Seal;

const SEAL_INFO: &[u8] = b"hexauth provider response seal v1";

/// Seals what the forms of providers bring with AES-256-GCM, under a key derived from the root secret. A handle is
/// base64url without padding.
pub struct SealedResponses(Seal);

impl SealedResponses {
    /// Derives the sealing key.
    pub fn new(root: &RootSecret) -> Self {
        Self(Seal::new(root, SEAL_INFO))
    }
}

impl ResponseSeal for SealedResponses {
    fn close(&self, provider: &ProviderName, response: &Secret) -> Result<Secret, Source> {
        let plain = Zeroizing::new(response.expose().as_bytes().to_vec());
        let sealed = self.0.close(provider.as_str().as_bytes(), plain)?;
        Ok(Secret::new(BASE64URL_NOPAD.encode(&sealed)))
    }

    fn open(&self, provider: &ProviderName, handle: &Secret) -> Option<Secret> {
        let sealed = BASE64URL_NOPAD.decode(handle.expose().as_bytes()).ok()?;
        let plain = self.0.open(provider.as_str().as_bytes(), &sealed)?;
        std::str::from_utf8(&plain).ok().map(|text| Secret::new(text.to_owned()))
    }
}

impl fmt::Debug for SealedResponses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedResponses(…)")
    }
}
