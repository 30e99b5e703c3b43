//! Running `cargo` in a project.

use std::process::Command;

use crate::Error;
use crate::project::Project;

/// Runs `cargo` and shows what it says. The environment variables are added.
pub(crate) fn run(project: &Project, arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), Error> {
    let command = format!("cargo {}", arguments.join(" "));
    println!("--- {command}");
    let mut cargo = Command::new("cargo");
    cargo.args(arguments).envs(variables.iter().copied()).current_dir(project.root());
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Error::Program(format!("'{command}' failed: {status}"))),
        Err(error) => Err(Error::Program(format!("'{command}' could not be started: {error}"))),
    }
}
