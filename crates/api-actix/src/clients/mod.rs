//! What services that are configured as clients ask about tokens.

pub(crate) mod client_request;
pub(crate) mod introspect;
pub(crate) mod revoke;
