use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

use super::{CodeVerifier, ProviderFlow, ProviderFlowId};
use crate::{Mac, MacPurpose, MacTag, Secret};

const ID_LENGTH: usize = 16;
const TOKEN_LENGTH: usize = ID_LENGTH + MacTag::LENGTH;

/// What names a flow on its way, each good for one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowToken {
    /// Opens a flow that links an account, in the browser of whoever began it.
    Link,
    /// Goes to the provider and comes back from there (RFC 6749, section 10.12).
    State,
    /// Goes to the app, which ends the flow with it.
    Code,
}

/// What such a token says before its MAC is checked: a prefix, and base64url of id ‖ MAC.
#[derive(Clone, Debug)]
pub struct PresentedFlowToken {
    /// The row that it claims to be of.
    pub id: ProviderFlowId,
    kind: FlowToken,
    tag: MacTag,
}

impl FlowToken {
    /// What it begins with, so that scanners for leaked secrets know one when they see it.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Link => "hxl_",
            Self::State => "hxt_",
            Self::Code => "hxo_",
        }
    }

    const fn label(self) -> &'static [u8] {
        match self {
            Self::Link => b"link",
            Self::State => b"state",
            Self::Code => b"code",
        }
    }
}

impl PresentedFlowToken {
    /// Reads a token of this kind; `None` when it is not of the form above.
    pub fn parse(kind: FlowToken, token: &str) -> Option<Self> {
        let encoded = token.strip_prefix(kind.prefix())?;
        // Compared before decoding, so that the work is bounded.
        if encoded.len() != BASE64URL_NOPAD.encode_len(TOKEN_LENGTH) {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes()).ok()?;
        let (id, tag) = bytes.split_first_chunk::<ID_LENGTH>()?;
        let id = ProviderFlowId::new(Uuid::from_bytes(*id));
        Some(Self { id, kind, tag: MacTag::new(tag.try_into().ok()?) })
    }

    /// Whether the token is that of this row.
    pub fn is_genuine(&self, flow: &ProviderFlow, mac: &dyn Mac) -> bool {
        self.id == flow.id && mac.verify(MacPurpose::ProviderFlow, &flow.message(self.kind.label()), &self.tag)
    }
}

impl ProviderFlow {
    /// A token of this row. Always the same.
    pub fn token(&self, kind: FlowToken, mac: &dyn Mac) -> Secret {
        let bytes = [self.id.as_bytes().as_slice(), self.tag(kind.label(), mac).as_bytes()].concat();
        Secret::new(format!("{}{}", kind.prefix(), BASE64URL_NOPAD.encode(&bytes)))
    }

    /// What the provider's ID token must repeat (OpenID Connect Core, section 3.1.2.1).
    pub fn id_token_nonce(&self, mac: &dyn Mac) -> Secret {
        Secret::new(BASE64URL_NOPAD.encode(self.tag(b"nonce", mac).as_bytes()))
    }

    /// What the provider asks for with its code (RFC 7636).
    #[expect(clippy::expect_used, reason = "43 characters of base64url are a verifier")]
    pub fn verifier(&self, mac: &dyn Mac) -> CodeVerifier {
        let text = Secret::new(BASE64URL_NOPAD.encode(self.tag(b"verifier", mac).as_bytes()));
        CodeVerifier::parse(text.expose()).expect("it is one")
    }

    fn tag(&self, label: &[u8], mac: &dyn Mac) -> MacTag {
        mac.sign(MacPurpose::ProviderFlow, &self.message(label))
    }

    /// What a MAC of the row covers. The parts before the label have fixed lengths.
    fn message(&self, label: &[u8]) -> Vec<u8> {
        [self.id.as_bytes().as_slice(), self.nonce.expose(), label].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parsing_never_panics(token in ".{0,120}") {
            let _ = PresentedFlowToken::parse(FlowToken::Code, &token);
            let _ = PresentedFlowToken::parse(FlowToken::Code, &format!("hxo_{token}"));
        }
    }

    #[test]
    fn parsing_takes_tokens_of_one_kind_and_of_one_length() {
        let token = format!("hxt_{}", "A".repeat(64));
        assert!(PresentedFlowToken::parse(FlowToken::State, &token).is_some());
        assert!(PresentedFlowToken::parse(FlowToken::Code, &token).is_none());
        for other in [format!("{token}A"), token.replace("hxt_", ""), token.replace('A', " ")] {
            assert!(PresentedFlowToken::parse(FlowToken::State, &other).is_none(), "{other}");
        }
    }
}
