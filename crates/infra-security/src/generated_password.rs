use data_encoding::BASE32;
use domain::Secret;
use domain::passwords::PasswordPolicy;
use zeroize::Zeroizing;

use crate::random::random_bytes;

/// Characters of a generated password, of five random bits each: 160 bits.
const LENGTH: usize = 32;

/// The longest that a policy may ask for: 128 characters.
const MOST_BYTES: usize = 80;

/// A new password that the policy accepts, of capital letters and the digits 2 to 7, with 160 random bits or more.
pub fn generate_password(policy: &PasswordPolicy) -> Secret {
    let bytes = Zeroizing::new(random_bytes::<MOST_BYTES>());
    let mut text = BASE32.encode(&*bytes);
    // Nothing secret stays after the end of the text: it is in the same memory, and is wiped with it.
    text.truncate(LENGTH.max(policy.min_length));
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use domain::passwords::{Findings, OwnWords, Password, StrengthMeter};

    use super::*;
    use crate::ZxcvbnMeter;

    #[tokio::test]
    async fn a_generated_password_fits_every_policy_and_is_never_the_same() {
        for (min_length, max_length) in [(8, 64), (64, 64), (128, 128), (128, 1024)] {
            let policy = PasswordPolicy { min_length, max_length, ..PasswordPolicy::default() };
            let (one, other) = (generate_password(&policy), generate_password(&policy));
            let password = Password::parse(one.expose()).unwrap();
            let strength = ZxcvbnMeter::new(1).measure(&password, &OwnWords::default()).await;
            assert_eq!(policy.judge(&password, &Findings { strength, ..Findings::default() }), Ok(()), "{policy:?}");
            assert_ne!(one.expose(), other.expose());
            assert!(one.expose().len() >= LENGTH);
        }
    }
}
