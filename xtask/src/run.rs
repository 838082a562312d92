//! Running other programs: what failed is named with its command line and its last words.

use crate::root;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Runs a program with inherited output; false when it fails.
pub fn passes(command: &mut Command) -> Result<bool> {
    let status = command
        .status()
        .with_context(|| format!("starting {}", shown(command)))?;
    Ok(status.success())
}

/// Runs a program quietly; an error with its output when it fails.
pub fn quietly(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", shown(command)))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{} failed ({}):\n{stdout}{stderr}",
            shown(command),
            output.status
        );
    }
    Ok(stdout)
}

/// Whether a program is on the machine and answers `--version`.
pub fn exists(program: &str) -> bool {
    let probe = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    probe.is_ok_and(|status| status.success())
}

/// Cargo in the workspace, as a person would start it. `cargo run` and test runners tell what they start which package it is, and
/// some build scripts (ring's) take another package there for a reason to build again, with all that stands on them.
pub fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let known = name.to_string_lossy();
        if known.starts_with("CARGO_PKG_") || known.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo.current_dir(root());
    cargo
}

/// Builds the product in this program's own profile; where its binary lies.
pub fn twinline() -> Result<PathBuf> {
    let mut cargo = cargo();
    // The whole workspace is named so that its dependencies have the features that they have in the suite.
    cargo.args(["build", "--quiet", "--workspace", "--bin", "twinline"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    quietly(&mut cargo)?;
    let own = std::env::current_exe().context("finding this program's own file")?;
    let folder = own.parent().context("this program lies in no folder")?;
    // Tests lie one folder deeper.
    let folder = if folder.ends_with("deps") {
        folder.parent().context("the target folder has no parent")?
    } else {
        folder
    };
    Ok(folder.join("twinline"))
}

/// The command line as a person would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
