//! How far a command has come, on a terminal.

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use std::time::Duration;

/// How often a line whose end is not known moves.
const TICK: Duration = Duration::from_millis(200);

/// A bar over a known number of things; hidden where standard error is no terminal.
pub(super) fn bar(of: usize, things: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}, about {eta} left")
        .expect("the template is well-formed");
    ProgressBar::new(of as u64)
        .with_style(style)
        .with_message(things)
        .with_finish(ProgressFinish::AndClear)
}

/// A line that moves while one request is under way whose end is not known; hidden where standard error is no terminal.
pub(super) fn line(doing: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg}, {elapsed} so far")
        .expect("the template is well-formed");
    let line = ProgressBar::new_spinner()
        .with_style(style)
        .with_message(doing)
        .with_finish(ProgressFinish::AndClear);
    line.enable_steady_tick(TICK);
    line
}
