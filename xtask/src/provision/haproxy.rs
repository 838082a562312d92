//! HAProxy, from Debian's packages: what the edge's proxy is measured against, and what stands before a conventional service.

use super::debian;
use crate::{run, say};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// Installs it where it is missing; says so first.
///
/// # Errors
/// It cannot be installed here.
pub fn ensure() -> Result<()> {
    if version().is_ok() {
        return Ok(());
    }
    if !debian::is_here() {
        bail!("HAProxy is installed from Debian's packages, and this machine has no apt-get");
    }
    say("installing HAProxy, from the distribution's packages (what Twinline is measured against)");
    install()
}

pub(super) fn is_wanted() -> bool {
    version().is_err() && debian::is_here()
}

pub(super) fn install() -> Result<()> {
    debian::install(&["haproxy"], &[])
}

/// `2.6.12-1+deb12u1`.
///
/// # Errors
/// It is not on this machine.
pub fn version() -> Result<String> {
    let said = run::quietly(Command::new("haproxy").arg("-v"))?;
    let word = said.split_whitespace().nth(2);
    word.map(str::to_owned).context("HAProxy tells no version")
}
