//! An authenticator app (RFC 6238), by the standard and not by the code that it tries.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use domain::Clock;
use infra_security::SystemClock;

/// What an app with this secret, in Base32, shows now.
pub fn code(secret: &str) -> String {
    code_of(secret, step())
}

/// A code of six digits that an app with this secret does not show within a minute.
pub fn wrong_code(secret: &str) -> String {
    let shown: Vec<_> = (step() - 2..=step() + 2).map(|step| code_of(secret, step)).collect();
    let mut codes = (0..).map(|number| format!("{number:06}"));
    codes.find(|code| !shown.contains(code)).unwrap()
}

/// The half minutes since 1970.
fn step() -> u64 {
    u64::try_from(SystemClock.now().timestamp()).unwrap() / 30
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
