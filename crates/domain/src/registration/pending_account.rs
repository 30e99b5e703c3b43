use crate::one_time_tokens::OneTimeTokenId;
use crate::passwords::PasswordHash;
use crate::users::Profile;

/// What somebody registered with, until they prove that the address is theirs. Of several with one address, the proof
/// makes exactly that account whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingAccount {
    /// The token by which the address is proven. It knows the address.
    pub token_id: OneTimeTokenId,
    /// What they tell about themselves. Somebody may have taken the username before the proof.
    pub profile: Profile,
    /// The password that they chose.
    pub password: PasswordHash,
}
