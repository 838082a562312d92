//! GitHub's published webhook examples.

use crate::{run, testdata};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Pinned: the tests count the examples.
const EXAMPLES: &str = "@octokit/webhooks-examples@7.6.1";

fn folder() -> PathBuf {
    testdata().join("npm")
}

pub(super) fn is_missing() -> bool {
    !folder()
        .join("node_modules/@octokit/webhooks-examples/package.json")
        .is_file()
}

pub(super) fn install() -> Result<()> {
    fs::create_dir_all(folder()).context("making target/testdata/npm")?;
    let mut command = Command::new("npm");
    command.args([
        "install",
        "--no-save",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefix",
    ]);
    run::quietly(command.arg(folder()).arg(EXAMPLES)).map(drop)
}
