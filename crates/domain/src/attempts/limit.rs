use chrono::TimeDelta;

use crate::one_time_tokens::OneTimeToken;

/// How many attempts are taken, and how long one has to wait after more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptLimit {
    /// So many come without a wait, also at once.
    pub free: u32,
    /// The wait after the last of these. Each further attempt doubles it.
    pub first_delay: TimeDelta,
    /// The longest wait.
    pub max_delay: TimeDelta,
    /// A count that rested for this long begins anew.
    pub forget_after: TimeDelta,
}

impl AttemptLimit {
    /// The clocks of two callers may differ by this much without one of them having been set back.
    pub const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(1);

    /// For an account from one network that it has no live session from.
    pub const FROM_A_NETWORK: Self = Self::doubling(10);

    /// For an account from all such networks together.
    pub const IN_ALL: Self = Self::doubling(100);

    /// For an account from a network that it has a live session from: whoever guesses from elsewhere must not lock its
    /// owner out.
    pub const FROM_A_KNOWN_NETWORK: Self = Self::doubling(100);

    /// For the secret of a client from one network. More are free than a node compares at a time, since a client that
    /// has its secret may ask for many things at once. Networks share nothing, so that nobody locks a client out from
    /// afar.
    pub const CLIENT_SECRET: Self = Self::doubling(100);

    /// For a mailed code, at its address and for its purpose, whoever asks. The first wait is as long as a code is
    /// good, so that another code does not come with other attempts.
    pub const CODE: Self = Self {
        free: 5,
        first_delay: OneTimeToken::CODE_LIFETIME,
        max_delay: TimeDelta::hours(1),
        forget_after: TimeDelta::hours(24),
    };

    /// For a second factor of an account, from wherever: whoever tries one knows the password.
    pub const SECOND_FACTOR: Self = Self::doubling(5);

    /// For mails of one kind to one address, whoever asks for them.
    pub const MAIL: Self = Self {
        free: 3,
        first_delay: TimeDelta::hours(1),
        max_delay: TimeDelta::hours(1),
        forget_after: TimeDelta::hours(1),
    };

    /// For mails of one kind that an account asks for, to whatever addresses.
    pub const MAILS_OF_AN_ACCOUNT: Self = Self { free: 5, ..Self::MAIL };

    /// For all mails to one address that anybody can ask for. Waits stay short enough for its owner to get what they
    /// need, whoever else asks.
    pub const ANY_MAIL: Self = Self {
        free: 10,
        first_delay: TimeDelta::hours(1),
        max_delay: TimeDelta::hours(4),
        forget_after: TimeDelta::hours(24),
    };

    const fn doubling(free: u32) -> Self {
        Self {
            free,
            first_delay: TimeDelta::seconds(1),
            max_delay: TimeDelta::minutes(15),
            forget_after: TimeDelta::hours(24),
        }
    }
}
