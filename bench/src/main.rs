//! Measures the speed that has been promised, on a PostgreSQL of its own: `just bench`.
//!
//! Each figure is a ratio of two measurements that take turns on the same machine, so that the machine hardly matters.
//! Load and server share it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a tool for developers: what fails ends it, and figures are printed"
)]

mod chain;
mod pgbench;
mod refresh;
mod relay;
mod table;
mod traffic;
mod verify;
mod wrk;

use table::Table;

#[tokio::main]
async fn main() {
    let mut table = Table::default();
    verify::measure(&mut table).await;
    refresh::measure(&mut table).await;
    println!("\n{table}");
    traffic::measure().await;
}
