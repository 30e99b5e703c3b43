use data_encoding::BASE64URL_NOPAD;
use domain::Source;
use domain::passkeys::{
    Asserted, AssertionResponse, Ceremony, CeremonyFault, CeremonyState, CredentialId, Passkey, PasskeyPublicKey,
    RegisteredCredential, RegistrationResponse, StartedCeremony, UserVerification, WebAuthn,
};
use domain::users::User;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, AuthenticationState, AuthenticatorAssertionResponseRaw,
    AuthenticatorAttestationResponseRaw, COSEAlgorithm, COSEKey, COSEKeyType, Credential, CredentialV3,
    PublicKeyCredential, RegisterPublicKeyCredential, RegistrationState, UserVerificationPolicy,
};

use crate::{InvalidRelyingParty, RelyingParty};

/// The only type of credential that there is.
const PUBLIC_KEY: &str = "public-key";
/// What nearly every authenticator can do, and what Windows Hello does.
const ALGORITHMS: [COSEAlgorithm; 2] = [COSEAlgorithm::ES256, COSEAlgorithm::RS256];
/// RSA keys of 2048 to 4096 bits: larger ones would cost too much at each sign-in.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// Where the flags are in authenticator data, after the hash of the relying party's id (Web Authentication Level 3,
/// section 6.1).
const FLAGS_AT: usize = 32;
/// The flag of a passkey that may be copied.
const BACKUP_ELIGIBLE: u8 = 1 << 3;

/// The checks of Web Authentication for one relying party, by the crate `webauthn-rs-core`.
#[derive(Debug)]
pub struct RustWebAuthn(WebauthnCore);

impl RustWebAuthn {
    /// Checks for this relying party.
    ///
    /// # Errors
    /// [`InvalidRelyingParty`], for whom no browser would make a passkey.
    #[expect(clippy::expect_used, reason = "five minutes are a duration")]
    pub fn new(party: RelyingParty) -> Result<Self, InvalidRelyingParty> {
        let origins = party.check()?;
        let timeout = Ceremony::LIFETIME.to_std().expect("five minutes are a duration");
        let RelyingParty { id, name, any_port, .. } = party;
        // "Unsafe" are the choices that the crate around it makes for its callers. Ours are made here.
        Ok(Self(WebauthnCore::new_unsafe_experts_only(&name, &id, origins, timeout, Some(false), Some(any_port))))
    }
}

impl WebAuthn for RustWebAuthn {
    fn start_registration(&self, user: &User, existing: &[Passkey]) -> Result<StartedCeremony, Source> {
        let email = user.email.as_str();
        let shown = user.profile.full_name.as_ref().map_or(email, |name| name.as_str());
        let exclude = existing.iter().map(|passkey| passkey.credential_id.as_bytes().to_vec()).collect();
        let asked = self
            .0
            .new_challenge_register_builder(user.id.as_bytes(), email, shown)?
            .attestation(AttestationConveyancePreference::None)
            .credential_algorithms(ALGORITHMS.to_vec())
            // Or it could not be found without a name.
            .require_resident_key(true)
            // Required only where it is the one factor. A key without a PIN is a second factor.
            .user_verification_policy(UserVerificationPolicy::Preferred)
            .exclude_credentials(Some(exclude));
        let (options, state) = self.0.generate_challenge_register(asked)?;
        Ok(StartedCeremony { options: serde_json::to_string(&options.public_key)?, state: write(&state)? })
    }

    fn finish_registration(
        &self,
        state: &CeremonyState,
        response: &RegistrationResponse,
    ) -> Result<RegisteredCredential, CeremonyFault> {
        let state: RegistrationState = read(state)?;
        let id = response.credential_id.as_bytes();
        let response = AuthenticatorAttestationResponseRaw {
            attestation_object: response.attestation_object.clone(),
            client_data_json: response.client_data.clone(),
            transports: None,
        };
        let response = RegisterPublicKeyCredential {
            id: BASE64URL_NOPAD.encode(id),
            raw_id: id.to_vec(),
            response,
            type_: PUBLIC_KEY.to_owned(),
            extensions: Default::default(),
        };
        let made = self.0.register_credential(&response, &state, None).map_err(fault)?;
        if made.cred_id != id {
            return Err(invalid("the id is another than the authenticator's"));
        }
        if matches!(&made.cred.key, COSEKeyType::RSA(key) if key.n.first() == Some(&0) || !RSA_MODULUS_BYTES.contains(&key.n.len()))
        {
            return Err(invalid("the RSA key is too short or too long"));
        }
        Ok(RegisteredCredential {
            id: CredentialId::new(made.cred_id).map_err(|error| CeremonyFault::Invalid(error.into()))?,
            public_key: PasskeyPublicKey::new(serde_json::to_vec(&made.cred).map_err(invalid)?),
            sign_count: made.counter,
            is_backup_eligible: made.backup_eligible,
            is_backed_up: made.backup_state,
            is_user_verified: made.user_verified,
        })
    }

    fn start_authentication(
        &self,
        verification: UserVerification,
        allowed: &[Passkey],
    ) -> Result<StartedCeremony, Source> {
        let policy = match verification {
            UserVerification::Required => UserVerificationPolicy::Required,
            UserVerification::Preferred => UserVerificationPolicy::Preferred,
        };
        let allowed = allowed.iter().map(|passkey| credential(passkey, 0)).collect::<Result<_, _>>()?;
        let asked = self.0.new_challenge_authenticate_builder(allowed, Some(policy))?;
        let (options, mut state) = self.0.generate_challenge_authenticate(asked)?;
        // Those that are allowed when the response comes are looked for then.
        state.set_allowed_credentials(Vec::new());
        Ok(StartedCeremony { options: serde_json::to_string(&options.public_key)?, state: write(&state)? })
    }

    fn finish_authentication(
        &self,
        state: &CeremonyState,
        passkey: &Passkey,
        response: &AssertionResponse,
    ) -> Result<Asserted, CeremonyFault> {
        let state: AuthenticationState = read(state)?;
        let client_data: ClientData = serde_json::from_slice(&response.client_data).map_err(invalid)?;
        if client_data.cross_origin {
            return Err(invalid("the response is from a frame in a page of another origin"));
        }
        let flags = *response.authenticator_data.get(FLAGS_AT).ok_or_else(|| invalid("there are no flags"))?;
        let credential = credential(passkey, flags).map_err(CeremonyFault::Invalid)?;
        let asserted = self.0.authenticate_single_credential(&raw(response), &state, &credential).map_err(fault)?;
        if passkey.is_backup_eligible && !asserted.backup_eligible() {
            return Err(CeremonyFault::Suspicious);
        }
        Ok(Asserted {
            sign_count: asserted.counter(),
            is_backup_eligible: asserted.backup_eligible(),
            is_backed_up: asserted.backup_state(),
            is_user_verified: asserted.user_verified(),
        })
    }
}

/// What the crate does not look at in a proof.
#[derive(Deserialize)]
struct ClientData {
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

fn raw(response: &AssertionResponse) -> PublicKeyCredential {
    let id = response.credential_id.as_bytes();
    PublicKeyCredential {
        id: BASE64URL_NOPAD.encode(id),
        raw_id: id.to_vec(),
        response: AuthenticatorAssertionResponseRaw {
            authenticator_data: response.authenticator_data.clone(),
            client_data_json: response.client_data.clone(),
            signature: response.signature.clone(),
            user_handle: response.user_handle.clone(),
        },
        extensions: Default::default(),
        type_: PUBLIC_KEY.to_owned(),
    }
}

/// The passkey as the crate knows one.
///
/// Whether it may be copied is taken from the `flags` that came, which the signature covers: the crate would refuse a
/// change before it has checked the signature, and would refuse one that begins to be copied for ever. Whether it was
/// verified at its registration does not matter: the ceremony says whether it must be now.
fn credential(passkey: &Passkey, flags: u8) -> Result<Credential, Source> {
    let cred: COSEKey = serde_json::from_slice(passkey.public_key.as_bytes())?;
    let stored = CredentialV3 {
        cred_id: passkey.credential_id.as_bytes().to_vec(),
        cred,
        counter: passkey.sign_count,
        verified: false,
        registration_policy: UserVerificationPolicy::Preferred,
    };
    let backup_eligible = flags & BACKUP_ELIGIBLE != 0;
    Ok(Credential { backup_eligible, backup_state: passkey.is_backed_up, ..stored.into() })
}

fn write(state: &impl Serialize) -> Result<CeremonyState, Source> {
    Ok(CeremonyState::new(serde_json::to_vec(state)?))
}

fn read<T: DeserializeOwned>(state: &CeremonyState) -> Result<T, CeremonyFault> {
    serde_json::from_slice(state.as_bytes()).map_err(invalid)
}

fn fault(error: WebauthnError) -> CeremonyFault {
    match error {
        WebauthnError::MismatchedChallenge => CeremonyFault::OtherChallenge,
        WebauthnError::UserNotVerified => CeremonyFault::NotVerified,
        WebauthnError::CredentialPossibleCompromise => CeremonyFault::Suspicious,
        error => invalid(error),
    }
}

fn invalid(error: impl Into<Source>) -> CeremonyFault {
    CeremonyFault::Invalid(error.into())
}
