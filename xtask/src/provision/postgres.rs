//! PostgreSQL's programs: tests start servers of their own with them.

use super::debian;
use anyhow::Result;
use twinline_sim::postgres::Postgres;

pub(super) fn is_wanted() -> bool {
    !Postgres::is_installed() && debian::is_here()
}

pub(super) fn install() -> Result<()> {
    debian::install(&["postgresql"], &[])
}
