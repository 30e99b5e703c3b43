//! The `hexauth` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    api_actix::cli::main()
}
