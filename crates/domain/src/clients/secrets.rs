use async_trait::async_trait;

use crate::Secret;
use crate::passwords::HashError;

/// Knows the clients that may introspect and revoke tokens (RFC 7662, RFC 7009).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ClientSecrets: Send + Sync {
    /// Whether there is a client with this id.
    fn knows(&self, client_id: &str) -> bool;

    /// Whether `secret` is the random secret of the client, of 256 bits, which nobody guesses. It MUST be `false` for
    /// one that is hashed like a password. It MUST be compared in constant time, and SHOULD cost next to nothing.
    fn is_random_secret(&self, client_id: &str, secret: &Secret) -> bool;

    /// Whether `secret` is that of the client. A client that is not known MUST be refused. Secrets MUST be compared in
    /// constant time.
    ///
    /// # Errors
    /// [`HashError`], for a client whose secret is hashed like a password.
    async fn verify(&self, client_id: &str, secret: &Secret) -> Result<bool, HashError>;
}
