//! `cargo xtask verify`: formatting, lints, documentation, tidiness, licences.

mod crates;
mod licences;
mod tidy;
mod unused;

use crate::{run, say};
use anyhow::Result;
use std::process::Command;

/// Runs every check, also after one has failed; true when all hold.
pub fn run() -> Result<bool> {
    let mut sound = true;
    sound &= step(
        "fmt",
        run::passes(&mut cargo(&["fmt", "--all", "--check"]))?,
    );
    sound &= step("tidy", findings(tidy::check()?));
    let metadata = crates::metadata()?;
    sound &= step("crates", findings(crates::check(&metadata)));
    sound &= step("unused", findings(unused::check(&metadata)?));
    sound &= step("licences", findings(licences::check(&metadata)?));
    let clippy = &[
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    sound &= step("clippy", run::passes(&mut cargo(clippy))?);
    let doc = &["doc", "--quiet", "--workspace", "--no-deps"];
    sound &= step(
        "doc",
        run::passes(cargo(doc).env("RUSTDOCFLAGS", "-D warnings"))?,
    );
    Ok(sound)
}

/// A cargo command in the workspace.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = run::cargo();
    command.args(arguments);
    command
}

fn step(name: &str, sound: bool) -> bool {
    say(&format!(
        "verify {name}: {}",
        if sound { "ok" } else { "FAILED" }
    ));
    sound
}

fn findings(found: Vec<String>) -> bool {
    for finding in &found {
        say(&format!("  {finding}"));
    }
    found.is_empty()
}
