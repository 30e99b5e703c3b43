//! What browsers return: `RegistrationResponseJSON` and `AuthenticationResponseJSON` of Web Authentication Level 3, as
//! `PublicKeyCredential.toJSON()` writes them. What else is in them is ignored.

use application::passkeys::PresentedPasskey;
use data_encoding::BASE64URL_NOPAD;
use domain::ValidationError;
use domain::passkeys::{AssertionResponse, CeremonyId, CredentialId, RegistrationResponse};
use uuid::Uuid;

use crate::fields::{Optional, Required, TextShape, TextValue};
use crate::http::fields::Open;

crate::fields! {
    /// A passkey that was used.
    pub(crate) PresentedPasskeyBody as "PresentedPasskey" -> PresentedPasskey {
        /// As it came with the options.
        ceremony: Required<Uuid>,
        /// What the browser returned.
        credential: Required<Open<CredentialBody>>,
    }
    build PresentedPasskey { ceremony: CeremonyId::new(ceremony), response: credential }
}

crate::fields! {
    /// A new passkey, as `navigator.credentials.create()` returns it and `toJSON()` writes it.
    pub(crate) NewCredentialBody as "NewCredential" -> RegistrationResponse {
        id: Required<CredentialId>,
        response: Required<Open<AttestationBody>>,
    }
    build {
        let (client_data, attestation_object) = response;
        RegistrationResponse { credential_id: id, client_data, attestation_object }
    }
}

crate::fields! {
    /// What its authenticator returns. Attestations are neither asked for nor believed.
    pub(crate) AttestationBody as "NewCredentialResponse" -> (Vec<u8>, Vec<u8>) {
        clientDataJSON: Required<Base64Url>,
        attestationObject: Required<Base64Url>,
    }
    build (clientDataJSON.0, attestationObject.0)
}

crate::fields! {
    /// A passkey, as `navigator.credentials.get()` returns it and `toJSON()` writes it.
    pub(crate) CredentialBody as "Credential" -> AssertionResponse {
        id: Required<CredentialId>,
        response: Required<Open<AssertionBody>>,
    }
    build {
        let (client_data, authenticator_data, signature, user_handle) = response;
        AssertionResponse { credential_id: id, client_data, authenticator_data, signature, user_handle }
    }
}

crate::fields! {
    /// What its authenticator returns.
    pub(crate) AssertionBody as "CredentialResponse" -> (Vec<u8>, Vec<u8>, Vec<u8>, Option<Vec<u8>>) {
        clientDataJSON: Required<Base64Url>,
        authenticatorData: Required<Base64Url>,
        signature: Required<Base64Url>,
        userHandle: Optional<Base64Url>,
    }
    build (clientDataJSON.0, authenticatorData.0, signature.0, userHandle.map(|handle| handle.0))
}

/// Bytes in base64url without padding (RFC 4648, section 5).
pub(crate) struct Base64Url(Vec<u8>);

/// Whole groups, and at the end two or three characters of which no bit is left over.
const BASE64URL: &str = "^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?$";

impl TextValue for Base64Url {
    const SHAPE: TextShape = TextShape::ANY.pattern(BASE64URL);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        let decoded = BASE64URL_NOPAD.decode(text.as_bytes());
        let fault = |_| ValidationError::new("invalid_base64url", "This field must be base64url without padding.");
        decoded.map(Self).map_err(fault)
    }
}

impl TextValue for CredentialId {
    const SHAPE: TextShape = TextShape::ANY.length(22, 1364).pattern(BASE64URL);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::new(Base64Url::parse(text)?.0)
    }
}
