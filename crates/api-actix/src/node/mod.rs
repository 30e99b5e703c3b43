//! A node: what is put together and runs as one process.

pub mod wiring;
