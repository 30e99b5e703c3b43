//! An authenticator app (RFC 6238), by the standard and not by the code that it tries.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;

/// What an app with this secret, in Base32, shows now.
pub fn code(secret: &str) -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    code_of(secret, seconds / 30)
}

/// A code of six digits that an app with this secret does not show within a minute.
pub fn wrong_code(secret: &str) -> String {
    let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
    let shown: Vec<_> = (step - 2..=step + 2).map(|step| code_of(secret, step)).collect();
    let mut codes = (0..).map(|number| format!("{number:06}"));
    codes.find(|code| !shown.contains(code)).unwrap()
}

fn code_of(secret: &str, step: u64) -> String {
    let secret = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes(tag[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // The last six of its eight digits.
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(code_of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", time / 30), code);
        }
    }
}
