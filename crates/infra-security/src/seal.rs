use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use domain::keys::RootSecret;
use zeroize::Zeroizing;

use crate::derived_keys::derive;

/// The first byte of everything that is sealed. Another seal would have another one.
const VERSION: u8 = 1;

/// Seals secrets for the database with AES-256-GCM, under a key derived from the root secret for one purpose.
///
/// What is sealed is a version byte, a random nonce, the ciphertext and its tag. It opens only in the context that it
/// was sealed in.
pub(crate) struct Seal(RandomizedNonceKey);

impl Seal {
    /// Derives the key for the purpose that `info` names.
    #[expect(clippy::expect_used, reason = "AES-256 takes every key of 32 bytes")]
    pub(crate) fn new(root: &RootSecret, info: &[u8]) -> Self {
        let key = derive(root, info);
        Self(RandomizedNonceKey::new(&AES_256_GCM, &*key).expect("the key is of 32 bytes"))
    }

    pub(crate) fn close(&self, context: &[u8], mut plain: Zeroizing<Vec<u8>>) -> Result<Vec<u8>, Unspecified> {
        let (nonce, tag) = self.0.seal_in_place_separate_tag(authenticated(context), &mut plain)?;
        Ok([&[VERSION], nonce.as_ref().as_slice(), &plain, tag.as_ref()].concat())
    }

    /// `None` if it was sealed with another root secret or in another context, or is damaged.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, ciphertext) = sealed.strip_prefix(&[VERSION])?.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = Zeroizing::new(ciphertext.to_vec());
        let length = self.0.open_in_place(nonce, authenticated(context), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

fn authenticated(context: &[u8]) -> Aad<Vec<u8>> {
    Aad::from([&[VERSION], context].concat())
}
