/// What a client may still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests at once.
    pub limit: u32,
    /// Of these, how many are left. None when the request is refused.
    pub remaining: u32,
    /// Whole seconds until there is one more at the latest; for a refused request, until it would be accepted.
    pub reset: u64,
}
