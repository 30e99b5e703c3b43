use std::fmt;

use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that an [`IdGenerator`](crate::ports::IdGenerator) made or that was stored before.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID itself.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// Names a user. UUID version 7, so that ids sort by creation.
    UserId
);
id!(
    /// Names a task. UUID version 7, so that ids sort by creation.
    TaskId
);
id!(
    /// Names a session: one sign-in on one device. It is the id of the session's refresh token and the `sid` claim
    /// of its access tokens.
    SessionId
);
id!(
    /// Names one access token: the `jti` claim (RFC 7519, section 4.1.7).
    TokenId
);
id!(
    /// Names a signing key: the `kid` header of the tokens it signs (RFC 7515, section 4.1.4).
    KeyId
);
