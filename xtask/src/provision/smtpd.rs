//! aiosmtpd, from Debian's packages: a real mail server, of which tests start their own.

use super::debian;
use anyhow::Result;
use twinline_sim::smtpd::Smtpd;

pub(super) fn is_wanted() -> bool {
    !Smtpd::is_installed() && debian::is_here()
}

pub(super) fn install() -> Result<()> {
    debian::install(&["python3-aiosmtpd"], &[])
}
