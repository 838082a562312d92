//! What npm packages publish that tests read: GitHub's webhook examples and Atlassian's document schema.

use super::debian;
use crate::{run, testdata};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Pinned: the tests count the examples.
const EXAMPLES: &str = "@octokit/webhooks-examples@7.6.1";

/// Pinned: a later schema may allow less.
const SCHEMA: &str = "@atlaskit/adf-schema@57.7.22";

/// What `npm pack` names the schema's archive.
const SCHEMA_ARCHIVE: &str = "atlaskit-adf-schema-57.7.22.tgz";

fn folder() -> PathBuf {
    testdata().join("npm")
}

pub(super) fn npm_is_missing() -> bool {
    !run::exists("npm")
}

pub(super) fn install_npm() -> Result<()> {
    debian::install(&["nodejs", "npm"], &[])
}

pub(super) fn examples_are_missing() -> bool {
    !folder()
        .join("node_modules/@octokit/webhooks-examples/package.json")
        .is_file()
}

pub(super) fn install_examples() -> Result<()> {
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

pub(super) fn schema_is_missing() -> bool {
    !folder().join("adf-schema/full.json").is_file()
}

/// Takes the one file out of the package's archive: installing it would bring Atlassian's editor along.
pub(super) fn install_schema() -> Result<()> {
    let schema = folder().join("adf-schema");
    fs::create_dir_all(&schema).context("making target/testdata/npm/adf-schema")?;
    let mut pack = Command::new("npm");
    pack.args(["pack", SCHEMA, "--ignore-scripts", "--pack-destination"]);
    run::quietly(pack.arg(&schema))?;
    let archive = schema.join(SCHEMA_ARCHIVE);
    let mut unpack = Command::new("tar");
    unpack.args(["--extract", "--gzip", "--strip-components=4", "--file"]);
    unpack.arg(&archive).arg("--directory").arg(&schema);
    run::quietly(unpack.arg("package/dist/json-schema/v1/full.json"))?;
    fs::remove_file(&archive).with_context(|| format!("removing {}", archive.display()))
}
