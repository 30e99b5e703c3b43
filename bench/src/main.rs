//! Measures the speed that has been promised, on a PostgreSQL of its own: `just bench`, `just bench-list` for the
//! lists of users, `just bench-storm` for what a storm of sign-ins leaves to others, and `just test-timing` for whether
//! time or answers tell which addresses are known. Where a promise is not kept, the exit code is 1.
//!
//! Each figure is a ratio of two measurements that take turns on the same machine, so that the machine hardly matters.
//! Load and server share it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool for developers: what fails ends it, and figures are printed"
)]

mod chain;
mod connection;
mod list;
mod pgbench;
mod refresh;
mod relay;
mod sign_ins;
mod storm;
mod table;
mod timing;
mod traffic;
mod verify;
mod wrk;

use std::process::ExitCode;

use table::Table;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let mut table = Table::default();
    match arguments[..] {
        [] => {
            verify::measure(&mut table).await;
            refresh::measure(&mut table).await;
            traffic::measure().await;
        }
        ["list"] => list::measure(&mut table).await,
        ["storm"] => storm::measure(&mut table).await,
        ["timing"] => return timing::measure(timing::SAMPLES).await,
        ["timing", samples] => return timing::measure(samples.parse().expect("a number of samples")).await,
        _ => panic!("there are `list`, `storm` and `timing`, and the rest without arguments"),
    }
    println!("\n{table}");
    if table.is_missed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
