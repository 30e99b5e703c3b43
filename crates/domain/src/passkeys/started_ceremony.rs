use std::fmt;

/// What a ceremony begins with.
#[derive(Clone, Debug)]
pub struct StartedCeremony {
    /// What the browser is asked, as JSON: `PublicKeyCredentialCreationOptionsJSON` or
    /// `PublicKeyCredentialRequestOptionsJSON` (section 5.1).
    pub options: String,
    /// What the response will be checked against.
    pub state: CeremonyState,
}

/// What a response is checked against, in the form of the adapter that checks it.
#[derive(Clone, PartialEq, Eq)]
pub struct CeremonyState(Vec<u8>);

impl CeremonyState {
    /// Wraps what an adapter wrote.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for CeremonyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CeremonyState(…)")
    }
}
