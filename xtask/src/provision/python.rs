//! Popular Python clients that drive the simulators.

use crate::{run, testdata};
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// Pinned: a client that changes its ways must not change the suite's verdict.
const CLIENTS: &[&str] = &["PyGithub==2.8.1", "jira==3.10.5"];

/// The environment's interpreter.
pub fn interpreter() -> PathBuf {
    testdata().join("python/bin/python")
}

pub(crate) fn is_missing() -> bool {
    let mut probe = Command::new(interpreter());
    run::quietly(probe.args(["-c", "import github, jira"])).is_err()
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
