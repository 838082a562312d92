//! Popular Python clients that drive the simulators.

use super::debian;
use crate::{run, testdata};
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// Pinned: a client that changes its ways must not change the suite's verdict.
const CLIENTS: &[&str] = &[
    "PyGithub==2.8.1",
    "jira==3.10.5",
    "azure-devops==7.1.0b4",
    "zenpy==2.0.57",
    "pysnc==1.2.1",
    "python-redmine==2.5.0",
];

/// The environment's interpreter.
pub fn interpreter() -> PathBuf {
    testdata().join("python/bin/python")
}

pub(crate) fn is_missing() -> bool {
    let mut probe = Command::new(interpreter());
    run::quietly(probe.args([
        "-c",
        "import github, jira, azure.devops, zenpy, pysnc, redminelib",
    ]))
    .is_err()
}

/// Whether Python cannot make an environment with pip in it: Debian ships that apart.
pub(super) fn venv_is_missing() -> bool {
    let mut probe = Command::new("python3");
    is_missing() && run::quietly(probe.args(["-c", "import ensurepip, venv"])).is_err()
}

pub(super) fn install_venv() -> Result<()> {
    debian::install(&["python3", "python3-venv"], &[])
}

pub(super) fn install() -> Result<()> {
    run::quietly(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(testdata().join("python")),
    )?;
    let mut pip = Command::new(interpreter());
    run::quietly(
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(CLIENTS),
    )
    .map(drop)
}
