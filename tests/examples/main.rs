//! Runs the programs in `examples/`.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failed test, and clippy only knows those inside of #[test]"
)]

mod cli;
mod embed;
mod verify;
