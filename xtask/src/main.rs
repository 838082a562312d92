//! Twinline's development tasks: `cargo xtask TASK`. A table of tasks; each has its module.

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use xtask::{suite, verify};

/// Development tasks of Twinline.
#[derive(Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Formatting, lints, documentation, tidiness, licences: everything that needs no test run.
    Verify,
    /// The whole test suite, after installing what is missing (says so first).
    Test(suite::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Verify => verify::run(),
        Task::Test(options) => suite::run(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            xtask::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
