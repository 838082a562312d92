//! systemd's own judge of unit files, from Debian's packages.

use super::debian;
use crate::run;
use anyhow::Result;
use std::process::Command;

/// Whether it is on this machine.
pub fn is_here() -> bool {
    run::quietly(Command::new("systemd-analyze").arg("--version")).is_ok()
}

pub(super) fn is_wanted() -> bool {
    !is_here() && debian::is_here()
}

pub(super) fn install() -> Result<()> {
    debian::install(&["systemd"], &[])
}
