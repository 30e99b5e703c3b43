use domain::Timestamp;
use domain::factors::TotpDevice;
use domain::passkeys::Passkey;

use super::Factors;
use crate::{Actor, ApplicationError, Target};

/// The second factors of an account.
#[derive(Clone, Debug)]
pub struct FactorList {
    /// Authenticator apps that are factors, the oldest first.
    pub totp: Vec<TotpDevice>,
    /// Passkeys, the oldest first.
    pub passkeys: Vec<Passkey>,
    /// Recovery codes that are left.
    pub recovery_codes: u64,
    /// Whether the user must have one.
    pub are_required: bool,
    /// Where they must and have none: from then on a sign-in is refused without more than they prove now. `None` where
    /// that time has not begun, which it does with their next sign-in.
    pub due_at: Option<Timestamp>,
}

impl Factors {
    /// The second factors of an account: one's own, or anybody's for an admin, who sees no secret either.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::Unavailable`].
    pub async fn list(&self, actor: &Actor, target: Target) -> Result<FactorList, ApplicationError> {
        let id = target.authorize(actor)?;
        let user = self.users.find_by_id(id).await?.ok_or(target.missing())?;
        let factors = &self.second_factors.factors;
        let mut totp = factors.list_totp(id).await?;
        totp.retain(TotpDevice::is_confirmed);
        let passkeys = self.second_factors.ceremonies.passkeys.list(id).await?;
        let policy = &self.second_factors.policy;
        let are_required = policy.requires(user.role);
        let is_missing = are_required && totp.is_empty() && passkeys.is_empty();
        let grace = if is_missing { factors.find_grace(id).await? } else { None };
        let due_at = grace.map(|grace| policy.due_at(&grace));
        let recovery_codes = factors.count_recovery_codes(id).await?;
        Ok(FactorList { totp, passkeys, recovery_codes, are_required, due_at })
    }
}
