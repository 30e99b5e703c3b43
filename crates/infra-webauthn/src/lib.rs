//! Passkeys: the checks of Web Authentication Level 3, by the crate `webauthn-rs-core`.
//!
//! What it decides otherwise than we do is decided here, and nowhere else (docs/adr/0014-passkeys.md): no credential
//! may be made that needs a name to be found, one that begins to be copied goes on working, and a copy that may exist
//! is told from a response that is merely wrong.

mod relying_party;
mod web_authn;

pub use relying_party::{InvalidRelyingParty, RelyingParty};
pub use web_authn::RustWebAuthn;
