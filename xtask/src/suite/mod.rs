//! `cargo xtask test`: installs what the tests need, runs them all and counts them.

mod count;

use crate::{provision, run, say};
use anyhow::{Context, Result};
use count::Count;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// How to run the suite.
#[derive(clap::Args)]
pub struct Options {
    /// Leave out what needs packages from outside (a real Redmine, npm, Python).
    #[arg(long)]
    quick: bool,
    /// Only tests whose name contains this.
    filter: Option<String>,
}

/// Runs the suite; true when every test passed or was skipped with a reason.
pub fn run(options: &Options) -> Result<bool> {
    if !options.quick {
        provision::all()?;
    }
    let nextest = run::exists("cargo-nextest");
    let mut count = Count {
        nextest,
        ..Count::default()
    };
    let finished = stream(&mut tests(options, nextest), &mut count)?;
    for skipped in &count.skips {
        say(skipped);
    }
    let sound = finished && count.failed == 0 && count.passed > 0;
    if !finished && count.failed == 0 {
        say("the test runner itself failed: see above");
    }
    say(&count.line());
    Ok(sound)
}

/// nextest where it is installed, else cargo's own runner.
fn tests(options: &Options, nextest: bool) -> Command {
    let mut command = run::cargo();
    if nextest {
        command.args([
            "nextest",
            "run",
            "--workspace",
            "--no-fail-fast",
            "--success-output",
            "immediate",
        ]);
        // Once more at the end: there it is found, and not cut off by what other tests print.
        command.args(["--failure-output", "immediate-final", "--color", "never"]);
        command.args(options.filter.as_slice());
    } else {
        command.args(["test", "--workspace", "--no-fail-fast"]);
        command
            .args(options.filter.as_slice())
            .args(["--", "--show-output"]);
    }
    // Read by the tests that need provisioned material: without it they skip, with it they must not.
    command.env(
        "TWINLINE_TESTDATA_REQUIRED",
        if options.quick { "0" } else { "1" },
    );
    // A suite that fails must fail again: property tests draw the same cases each time. Other cases are drawn by
    // `cargo nextest run` without it, and by `cargo xtask fuzz`.
    command.env("PROPTEST_RNG_SEED", "20261123");
    // The message of a failure is what is looked for at the end; stacks bury it. Who wants one runs that test alone.
    command.env("RUST_BACKTRACE", "0");
    command
}

/// Passes the runner's output on, line by line, and counts it.
fn stream(command: &mut Command, count: &mut Count) -> Result<bool> {
    let (reader, writer) = std::io::pipe().context("making a pipe")?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().context("doubling a pipe")?)
        .stderr(writer);
    let mut child = command.spawn().context("starting the test runner")?;
    // The command holds the pipe's writing ends; without this the pipe never ends.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line.context("reading the test runner")?).into_owned();
        if count.read(&line) {
            say(&line);
        }
    }
    Ok(child
        .wait()
        .context("waiting for the test runner")?
        .success())
}
