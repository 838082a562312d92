//! libfaketime, from Debian's packages: a wall clock of its own for a process of a test.

use super::debian;
use anyhow::Result;
use twinline_sim::faketime;

pub(super) fn is_wanted() -> bool {
    cfg!(target_arch = "x86_64") && !faketime::is_installed() && debian::is_here()
}

pub(super) fn install() -> Result<()> {
    debian::install(&["libfaketime"], &[])
}
