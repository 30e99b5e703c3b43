use super::CredentialId;

/// What a browser returns for a new passkey (Web Authentication Level 3, `RegistrationResponseJSON`), decoded. Nothing
/// of it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationResponse {
    /// The id that the authenticator chose.
    pub credential_id: CredentialId,
    /// JSON that names the challenge and the origin.
    pub client_data: Vec<u8>,
    /// CBOR with the public key and what the authenticator says of itself.
    pub attestation_object: Vec<u8>,
}

/// What a browser returns for a passkey that was used (Web Authentication Level 3, `AuthenticationResponseJSON`),
/// decoded. Nothing of it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionResponse {
    /// Which passkey it claims to be.
    pub credential_id: CredentialId,
    /// JSON that names the challenge and the origin.
    pub client_data: Vec<u8>,
    /// What the authenticator says of itself.
    pub authenticator_data: Vec<u8>,
    /// The signature of both.
    pub signature: Vec<u8>,
    /// Whose passkey it claims to be. The signature does not cover it.
    pub user_handle: Option<Vec<u8>>,
}
