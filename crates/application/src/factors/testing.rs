use std::sync::Arc;

use domain::attempts::{MockAttemptRepository, Reservation};
use domain::factors::{
    FactorName, MockFactorRepository, MockTotpSecrets, NewTotpDevice, SealedTotpSecret, SecondFactorPolicy, TotpDevice,
    TotpDeviceId,
};
use domain::passkeys::{MockCeremonyRepository, MockPasskeyRepository, MockWebAuthn, WebAuthn};
use uuid::Uuid;

use super::SecondFactors;
use crate::ceremonies::Ceremonies;
use crate::testing::{FakeMac, clock, ids, now, user_id};

#[derive(Default)]
pub(crate) struct Mocks {
    pub(crate) factors: MockFactorRepository,
    pub(crate) passkeys: MockPasskeyRepository,
    pub(crate) ceremonies: MockCeremonyRepository,
    pub(crate) web_authn: Option<MockWebAuthn>,
    pub(crate) totp: MockTotpSecrets,
    pub(crate) attempts: MockAttemptRepository,
    pub(crate) policy: SecondFactorPolicy,
}

impl Mocks {
    /// Nobody has a second factor.
    pub(crate) fn none() -> Self {
        let mut mocks = Self::default();
        mocks.factors.expect_list_totp().returning(|_| Ok(Vec::new()));
        mocks.passkeys.expect_list().returning(|_| Ok(Vec::new()));
        mocks
    }

    /// The user has one authenticator app.
    pub(crate) fn one() -> Self {
        let mut mocks = Self::default();
        mocks.factors.expect_list_totp().returning(|_| Ok(vec![a_device()]));
        mocks.factors.expect_count_recovery_codes().returning(|_| Ok(0));
        mocks.passkeys.expect_list().returning(|_| Ok(Vec::new()));
        mocks
    }

    /// Every attempt is taken.
    pub(crate) fn taking_all(mut self) -> Self {
        self.attempts.expect_reserve().returning(|_, _, _| Ok(Reservation::Taken));
        self.attempts.expect_forget().returning(|_| Ok(true));
        self.factors.expect_take_totp_attempt().returning(|_| Ok(true));
        self.factors.expect_forget_totp_attempts().returning(|_| Ok(()));
        self
    }

    pub(crate) fn build(self) -> SecondFactors {
        SecondFactors {
            factors: Arc::new(self.factors),
            ceremonies: Ceremonies {
                passkeys: Arc::new(self.passkeys),
                ceremonies: Arc::new(self.ceremonies),
                web_authn: self.web_authn.map(|web_authn| Arc::new(web_authn) as Arc<dyn WebAuthn>),
                ids: ids(),
                clock: clock(),
            },
            totp: Arc::new(self.totp),
            attempts: Arc::new(self.attempts),
            mac: Arc::new(FakeMac),
            clock: clock(),
            policy: self.policy,
        }
    }
}

/// A confirmed authenticator app.
pub(crate) fn a_device() -> TotpDevice {
    let new = NewTotpDevice {
        id: TotpDeviceId::new(Uuid::from_u128(4)),
        user_id: user_id(),
        name: FactorName::parse("Phone").unwrap(),
        secret: SealedTotpSecret::new(vec![1]),
    };
    TotpDevice { confirmed_at: Some(now()), ..TotpDevice::set_up(new, now()) }
}
