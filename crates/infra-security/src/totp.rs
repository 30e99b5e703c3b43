use std::fmt;

use domain::factors::{SealedTotpSecret, TotpCode, TotpDevice, TotpDeviceId, TotpEnrolment, TotpSecrets, TotpStep};
use domain::keys::RootSecret;
use domain::users::{Email, UserId};
use domain::{Secret, Source, Timestamp};
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use crate::random::random_bytes;
use crate::seal::Seal;

const SEAL_INFO: &[u8] = b"hexauth totp secret seal v1";
/// As long as an output of HMAC-SHA1 (RFC 4226, section 4, R6).
const SECRET_BYTES: usize = 20;

/// Makes the secrets of authenticator apps, seals them under a key derived from the root secret, and computes codes
/// with the crate `totp-rs`.
pub struct SealedTotp {
    seal: Seal,
    issuer: String,
}

impl SealedTotp {
    /// Derives the sealing key. Apps show codes under the name `issuer`, without its colons: in an `otpauth` URI a
    /// colon ends the issuer.
    pub fn new(root: &RootSecret, issuer: &str) -> Self {
        Self { seal: Seal::new(root, SEAL_INFO), issuer: issuer.replace(':', " ").trim().to_owned() }
    }

    fn open(&self, device: &TotpDevice) -> Option<Zeroizing<Vec<u8>>> {
        let secret = self.seal.open(&context(device.id, device.user_id), device.secret.as_bytes())?;
        (secret.len() == SECRET_BYTES).then_some(secret)
    }

    /// Six digits of SHA-1 every 30 seconds, and no step but the one that is asked for.
    fn totp(&self, secret: &[u8], account: &str) -> Option<Totp> {
        let issuer = Some(self.issuer.as_str()).filter(|issuer| !issuer.is_empty());
        let builder = Builder::new().with_secret(secret.to_vec()).with_skew(0).with_issuer(issuer);
        builder.with_account_name(account).build().ok()
    }
}

impl TotpSecrets for SealedTotp {
    fn generate(&self, device: TotpDeviceId, user: UserId) -> Result<SealedTotpSecret, Source> {
        let secret = Zeroizing::new(random_bytes::<SECRET_BYTES>().to_vec());
        Ok(SealedTotpSecret::new(self.seal.close(&context(device, user), secret)?))
    }

    fn enrolment(&self, device: &TotpDevice, account: &Email) -> Option<TotpEnrolment> {
        let totp = self.totp(&self.open(device)?, account.as_str())?;
        let uri = Secret::new(totp.to_url().ok()?);
        Some(TotpEnrolment { secret: Secret::new(totp.secret().to_base32()), uri })
    }

    fn steps(&self, device: &TotpDevice, code: &TotpCode, now: Timestamp) -> Vec<TotpStep> {
        let Some(totp) = self.open(device).and_then(|secret| self.totp(&secret, "")) else { return Vec::new() };
        let is_of = |step: &TotpStep| totp.check(code.expose(), step.get() * TotpStep::SECONDS).is_some();
        TotpStep::window(now).filter(is_of).collect()
    }
}

/// What the seal authenticates besides the secret: whose it is.
fn context(device: TotpDeviceId, user: UserId) -> Vec<u8> {
    [device.as_bytes().as_slice(), user.as_bytes()].concat()
}

impl fmt::Debug for SealedTotp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedTotp").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use domain::factors::{FactorName, NewTotpDevice};
    use uuid::Uuid;

    use super::*;
    use crate::testing::{at, root};

    fn totp() -> SealedTotp {
        SealedTotp::new(&root(), "Notes & more")
    }

    fn device_with(secret: SealedTotpSecret) -> TotpDevice {
        let (id, user_id) = (TotpDeviceId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
        let name = FactorName::parse("Phone").unwrap();
        TotpDevice::set_up(NewTotpDevice { id, user_id, name, secret }, at(0))
    }

    fn device() -> TotpDevice {
        let TotpDevice { id, user_id, .. } = device_with(SealedTotpSecret::new(Vec::new()));
        device_with(totp().generate(id, user_id).unwrap())
    }

    /// A device with the secret of RFC 6238, appendix B.
    fn device_of_the_rfc() -> TotpDevice {
        let TotpDevice { id, user_id, .. } = device_with(SealedTotpSecret::new(Vec::new()));
        let secret = Zeroizing::new(b"12345678901234567890".to_vec());
        device_with(SealedTotpSecret::new(totp().seal.close(&context(id, user_id), secret).unwrap()))
    }

    fn steps(device: &TotpDevice, code: &str, now: i64) -> Vec<u64> {
        let steps = totp().steps(device, &TotpCode::parse(code).unwrap(), at(now));
        steps.into_iter().map(TotpStep::get).collect()
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // The last six of its eight digits.
        for (time, code) in [
            (1_111_111_111, "050471"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(time).unwrap() / 30;
            for (now, expected) in
                [(time - 60, vec![]), (time - 30, vec![step]), (time, vec![step]), (time + 30, vec![step])]
            {
                assert_eq!(steps(&device_of_the_rfc(), code, now), expected, "{code} at {now}");
            }
            assert!(steps(&device_of_the_rfc(), code, time + 60).is_empty(), "{code}");
        }
    }

    #[test]
    fn a_secret_opens_for_its_device_and_user_alone() {
        let device = device();
        let account = Email::parse("ada@example.com").unwrap();
        assert!(totp().enrolment(&device, &account).is_some());
        let other = SealedTotp::new(&RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGb").unwrap(), "Notes");
        assert!(other.enrolment(&device, &account).is_none());
        for stolen in [
            TotpDevice { user_id: UserId::new(Uuid::from_u128(3)), ..device.clone() },
            TotpDevice { id: TotpDeviceId::new(Uuid::from_u128(3)), ..device.clone() },
            TotpDevice { secret: SealedTotpSecret::new(vec![1; 49]), ..device },
        ] {
            assert!(totp().enrolment(&stolen, &account).is_none());
            assert!(steps(&stolen, "287082", 59).is_empty());
        }
    }

    #[test]
    fn an_app_is_set_up_with_the_account_and_the_service() {
        let account = Email::parse("ada+a&b@example.com").unwrap();
        let TotpEnrolment { secret, uri } = totp().enrolment(&device_of_the_rfc(), &account).unwrap();
        assert_eq!(secret.expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let expected = "otpauth://totp/Notes%20%26%20more:ada%2Ba%26b%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Notes%20%26%20more";
        assert_eq!(uri.expose(), expected);
    }

    #[test]
    fn a_colon_or_no_name_at_all_makes_no_faulty_uri() {
        let account = Email::parse("ada@example.com").unwrap();
        for (name, expected) in [
            ("", "otpauth://totp/ada%40example.com?"),
            ("Notes: ours", "otpauth://totp/Notes%20%20ours:ada%40example.com?"),
        ] {
            let uri = SealedTotp::new(&root(), name).enrolment(&device_of_the_rfc(), &account).unwrap().uri;
            assert!(uri.expose().starts_with(expected), "{}", uri.expose());
        }
    }
}
