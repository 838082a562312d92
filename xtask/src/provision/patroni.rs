//! Patroni's program: tests start clusters of their own with it.

use super::debian;
use anyhow::Result;
use twinline_sim::patroni::Patroni;

pub(super) fn is_wanted() -> bool {
    !Patroni::is_installed() && debian::is_here()
}

pub(super) fn install() -> Result<()> {
    debian::install(
        &["patroni", "python3-etcd", "postgresql", "etcd-server"],
        &[],
    )
}
