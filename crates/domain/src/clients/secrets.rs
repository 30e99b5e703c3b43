use async_trait::async_trait;

use crate::Secret;
use crate::passwords::HashError;

/// Knows the clients that may introspect and revoke tokens (RFC 7662, RFC 7009).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ClientSecrets: Send + Sync {
    /// Whether `secret` is that of the client. A client that is not known MUST be refused. Secrets MUST be compared in
    /// constant time.
    ///
    /// # Errors
    /// [`HashError`], for a client whose secret is hashed like a password.
    async fn verify(&self, client_id: &str, secret: &Secret) -> Result<bool, HashError>;
}
