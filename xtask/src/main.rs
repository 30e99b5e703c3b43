//! Work on the repository itself: `new-resource` writes a resource through all layers, and `prove` shows on a scratch
//! copy that what it writes builds and passes, and so does the example of a new field. The layers are explained in
//! `docs/adding-a-resource.md`, and the field in `docs/adding-a-field.md`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for developers talks to who runs it")]

mod cargo;
mod diff;
mod edits;
mod field;
mod migrations;
mod names;
mod new_resource;
mod project;
mod prove;
mod resource;
mod templates;
mod wiring;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use thiserror::Error;

use project::Project;

#[derive(Parser)]
#[command(name = "xtask", about = "Work on the repository itself")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a resource that belongs to its user, through all layers: new-resource invoice number:string due:date?
    NewResource(new_resource::Arguments),
    /// Show on a copy of this repository that generated resources and the example of a field build and pass
    Prove,
}

/// Why something was not done, in words for who asked.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// What was asked for cannot be. Nothing was written.
    #[error("nothing was written:\n{}", list(.0))]
    Refused(Vec<String>),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File { path: String, source: std::io::Error },
    /// A program could not be started or did not succeed.
    #[error("{0}")]
    Program(String),
    /// A template is wrong: a fault of ours.
    #[error("a template is wrong: {0:#}")]
    Template(#[from] minijinja::Error),
}

fn list(faults: &[String]) -> String {
    faults.iter().map(|fault| format!("  - {fault}")).collect::<Vec<_>>().join("\n")
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let result = Project::this().and_then(|project| match command {
        Command::NewResource(arguments) => new_resource::run(&project, &arguments),
        Command::Prove => prove::run(&project),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
