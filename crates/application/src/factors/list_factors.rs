use domain::factors::TotpDevice;

use super::Factors;
use crate::{Actor, ApplicationError, Target};

/// The second factors of an account.
#[derive(Clone, Debug)]
pub struct FactorList {
    /// Authenticator apps that are factors, the oldest first.
    pub totp: Vec<TotpDevice>,
    /// Recovery codes that are left.
    pub recovery_codes: u64,
}

impl Factors {
    /// The second factors of an account: one's own, or anybody's for an admin, who sees no secret either.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::Unavailable`].
    pub async fn list(&self, actor: &Actor, target: Target) -> Result<FactorList, ApplicationError> {
        let user = target.authorize(actor)?;
        if target != Target::Me && self.users.find_by_id(user).await?.is_none() {
            return Err(target.missing());
        }
        let factors = &self.second_factors.factors;
        let mut totp = factors.list_totp(user).await?;
        totp.retain(TotpDevice::is_confirmed);
        Ok(FactorList { totp, recovery_codes: factors.count_recovery_codes(user).await? })
    }
}
