use chrono::TimeDelta;

use super::{OneTimeTokenId, Purpose};
use crate::sessions::Methods;
use crate::users::{Email, Epoch, UserId};
use crate::{Nonce, Timestamp};

/// Something that is mailed once and used once.
///
/// It is bound to the address that it was mailed to: using it proves that address, and no other that the account has
/// had since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeToken {
    /// Never changes.
    pub id: OneTimeTokenId,
    /// What it is good for.
    pub purpose: Purpose,
    /// Whose account it is about, if there is one already.
    pub user_id: Option<UserId>,
    /// The address that it is mailed to, or that the account had when it was handed out.
    pub email: Email,
    /// What whoever gets it has proven before, where that decides what it is worth.
    pub proven: Option<Methods>,
    /// The epoch that the account had when that was proven: in another one it is worth nothing.
    pub epoch: Option<Epoch>,
    /// Goes into the MAC, so that nobody can forge the token with the key alone.
    pub nonce: Nonce,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The link is good until then.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// What it takes to make one.
#[derive(Clone, Debug)]
pub struct NewOneTimeToken {
    /// A fresh id.
    pub id: OneTimeTokenId,
    /// What it is to be good for.
    pub purpose: Purpose,
    /// Whose account it is about, if there is one already.
    pub user_id: Option<UserId>,
    /// The address that it is mailed to, or that the account has.
    pub email: Email,
    /// What whoever gets it has proven before, where that decides what it is worth.
    pub proven: Option<Methods>,
    /// The epoch that the account had when that was proven: in another one it is worth nothing.
    pub epoch: Option<Epoch>,
    /// A fresh nonce.
    pub nonce: Nonce,
}

impl OneTimeToken {
    /// How long the code of a mail is good for, if its link is not good for less. It is far shorter than the link, so
    /// it must not be there to be guessed for long.
    pub const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(10);

    /// Makes one.
    pub fn issue(new: NewOneTimeToken, now: Timestamp) -> Self {
        Self {
            id: new.id,
            purpose: new.purpose,
            user_id: new.user_id,
            email: new.email,
            proven: new.proven,
            epoch: new.epoch,
            nonce: new.nonce,
            created_at: now,
            expires_at: now + new.purpose.lifetime(),
            used_at: None,
        }
    }

    /// Whether its link is still good.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && now < self.expires_at
    }

    /// Whether its code is still good.
    pub fn is_open_for_code(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && now < self.code_expires_at()
    }

    /// The code is good until then.
    pub fn code_expires_at(&self) -> Timestamp {
        self.expires_at.min(self.created_at + Self::CODE_LIFETIME)
    }
}
