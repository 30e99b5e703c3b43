use async_trait::async_trait;

use super::{Grace, HashedRecoveryCode, TotpDevice, TotpDeviceId, TotpStep};
use crate::users::UserId;
use crate::{StoreError, Timestamp};

/// Keeps second factors. Every method may fail with [`StoreError::Unavailable`] or [`StoreError::Internal`].
///
/// Factors go with their user: [`UserRepository::delete`](crate::users::UserRepository::delete) MUST remove them. A
/// device of which anything but the name is not valid MUST be read as if it were not there, and logged: none of its
/// codes is right.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait FactorRepository: Send + Sync {
    /// Adds a device. It MUST equal this one in every field when read back.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] with `name` when the user has one of this name; [`StoreError::NotFound`] when the user
    /// is gone.
    async fn insert_totp(&self, device: &TotpDevice) -> Result<(), StoreError>;

    /// The devices of a user, confirmed or not, the oldest first.
    async fn list_totp(&self, user: UserId) -> Result<Vec<TotpDevice>, StoreError>;

    /// Spends a code of a device that is confirmed, and returns whether it did. MUST do so only if its last step is
    /// before `step`, and of several that try at once exactly one MUST succeed.
    async fn use_totp(&self, id: TotpDeviceId, step: TotpStep) -> Result<bool, StoreError>;

    /// Confirms a device by its first code, which is spent, and returns whether it did. MUST do so only if it was not
    /// confirmed.
    async fn confirm_totp(&self, id: TotpDeviceId, step: TotpStep, now: Timestamp) -> Result<bool, StoreError>;

    /// Removes a device of this user, and returns whether it was there.
    async fn delete_totp(&self, user: UserId, id: TotpDeviceId) -> Result<bool, StoreError>;

    /// Removes all devices of a user that were set up before and never confirmed, and returns how many.
    async fn delete_unconfirmed_totp(&self, user: UserId) -> Result<u64, StoreError>;

    /// Counts a code of an authenticator app that is about to be looked at, and returns whether it may be: MUST return
    /// `false`, and not count, after [`TotpCode::MAX_IN_A_ROW`](super::TotpCode::MAX_IN_A_ROW) since
    /// [`FactorRepository::forget_totp_attempts`]. Of many that come at once no more MUST be taken. No time frees any.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the user is gone.
    async fn take_totp_attempt(&self, user: UserId) -> Result<bool, StoreError>;

    /// Forgets what [`FactorRepository::take_totp_attempt`] counted.
    async fn forget_totp_attempts(&self, user: UserId) -> Result<(), StoreError>;

    /// Replaces the recovery codes of a user, used or not, by these.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the user is gone.
    async fn replace_recovery_codes(&self, user: UserId, codes: &[HashedRecoveryCode]) -> Result<(), StoreError>;

    /// Spends a recovery code, and returns whether it did. Of several that try at once exactly one MUST succeed, and
    /// two codes at once MUST both be spent.
    async fn use_recovery_code(&self, user: UserId, code: &HashedRecoveryCode) -> Result<bool, StoreError>;

    /// How many recovery codes of a user are left.
    async fn count_recovery_codes(&self, user: UserId) -> Result<u64, StoreError>;

    /// Removes all factors of a user, recovery codes and counted attempts too, and returns how many factors there were.
    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError>;

    /// Since when a user must have a second factor, if that has begun.
    async fn find_grace(&self, user: UserId) -> Result<Option<Grace>, StoreError>;

    /// Begins the time in which a user may go without a second factor. MUST leave one alone that has begun, and of
    /// several that try at once one MUST succeed and none MUST fail.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the user is gone.
    async fn begin_grace(&self, user: UserId, now: Timestamp) -> Result<(), StoreError>;

    /// Notes when the user's password was chosen by mail, or with `None` that it no longer is such a one. Nothing where
    /// no grace has begun. It goes on when [`FactorRepository::delete_all`] removes the factors.
    async fn note_reset(&self, user: UserId, at: Option<Timestamp>) -> Result<(), StoreError>;
}
