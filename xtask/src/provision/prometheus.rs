//! Prometheus and its Alertmanager, from Debian's packages: tests start their own.

use super::debian;
use anyhow::Result;
use twinline_sim::prometheus::Monitoring;

pub(super) fn is_wanted() -> bool {
    !Monitoring::is_installed() && debian::is_here()
}

pub(super) fn install() -> Result<()> {
    // No server of the packages' own is started.
    debian::install(
        &["prometheus", "prometheus-alertmanager"],
        &[("RUNLEVEL", "1")],
    )
}
