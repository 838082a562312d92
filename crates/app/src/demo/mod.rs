//! `twinline demo`: the main job, shown on simulators.
//!
//! Two simulated trackers with seeded items and this same binary's `up` between them, edits on both sides, and a
//! transcript of what crosses. With `--check` it is a proof instead: faults on, processes killed, everything counted,
//! and the end judged by the simulators' own state (`judge`), not by what Twinline says of itself.

mod check;
mod echoes;
mod faults;
mod judge;
mod latency;
pub mod map;
mod processes;
mod script;
mod show;
mod transcript;
mod world;

use crate::cli::DemoArgs;
use crate::report::Report;
use crate::shutdown;
use anyhow::Result;

/// Shows, or proves.
///
/// # Errors
/// A process or a simulator that cannot be started.
pub async fn run(args: &DemoArgs) -> Result<Option<Report>> {
    let shutdown = shutdown::on_signal()?;
    if args.check {
        check::run(args, shutdown).await.map(Some)
    } else {
        show::run(shutdown).await.map(|()| None)
    }
}
