//! What other services read to find their way and to check access tokens.

pub(crate) mod jwks;
pub(crate) mod metadata;
