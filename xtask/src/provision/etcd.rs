//! etcd's program: tests start clusters of their own with it.

use super::debian;
use anyhow::Result;
use twinline_sim::etcd::Etcd;

pub(super) fn is_wanted() -> bool {
    !Etcd::is_installed() && debian::is_here()
}

pub(super) fn install() -> Result<()> {
    debian::install(&["etcd-server"], &[])
}
