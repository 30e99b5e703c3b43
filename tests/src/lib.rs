//! What the tests of several crates share, and the tests across crates.
