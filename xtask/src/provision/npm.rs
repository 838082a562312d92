//! What npm packages publish that tests use: GitHub's webhook examples, Atlassian's document schema, axe, and a client of
//! status pages.

use super::debian;
use crate::{run, testdata};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Pinned: the tests count the examples.
const EXAMPLES: &str = "@octokit/webhooks-examples@7.6.1";

/// Pinned: a later one finds more.
const AXE: &str = "axe-core@4.14.1";

/// Pinned: a later one promises other types, and has other bounds on Node.js.
const STATUSPAGE: &str = "statuspage.io@3.3.8";

/// Pinned: a later schema may allow less.
const SCHEMA: &str = "@atlaskit/adf-schema@57.7.22";

/// What `npm pack` names the schema's archive.
const SCHEMA_ARCHIVE: &str = "atlaskit-adf-schema-57.7.22.tgz";

fn folder() -> PathBuf {
    testdata().join("npm")
}

fn axe_folder() -> PathBuf {
    testdata().join("axe")
}

fn statuspage_folder() -> PathBuf {
    testdata().join("statuspage")
}

/// Whether a folder holds that `NAME@VERSION`.
fn holds(folder: &Path, package: &str) -> bool {
    let (name, version) = package.split_once('@').expect("it is pinned");
    let manifest = folder.join("node_modules").join(name).join("package.json");
    let found = fs::read_to_string(manifest).unwrap_or_default();
    found.contains(&format!("\"version\": \"{version}\""))
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
    install(EXAMPLES, &folder())
}

pub(super) fn axe_is_missing() -> bool {
    !holds(&axe_folder(), AXE)
}

pub(super) fn install_axe() -> Result<()> {
    install(AXE, &axe_folder())
}

pub(super) fn statuspage_is_missing() -> bool {
    !holds(&statuspage_folder(), STATUSPAGE)
}

pub(super) fn install_statuspage() -> Result<()> {
    install(STATUSPAGE, &statuspage_folder())
}

pub(super) fn chromium_is_wanted() -> bool {
    !Path::new("/usr/bin/chromium").is_file() && debian::is_here()
}

pub(super) fn install_chromium() -> Result<()> {
    debian::install(&["chromium"], &[])
}

/// Installs a package in a folder of its own: what else lies there npm removes.
fn install(package: &str, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let mut command = Command::new("npm");
    command.args([
        "install",
        "--no-save",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefix",
    ]);
    run::quietly(command.arg(folder).arg(package)).map(drop)
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
