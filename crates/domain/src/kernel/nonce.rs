use std::fmt;

/// Random bytes that belong to one row and never leave the server: a UUID of version 4, so that 122 of their 128 bits
/// are random. A token whose MAC covers them cannot be forged with the key alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nonce([u8; Nonce::LENGTH]);

impl Nonce {
    /// Bytes.
    pub const LENGTH: usize = 16;

    /// Wraps fresh or stored bytes.
    pub const fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn expose(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}
