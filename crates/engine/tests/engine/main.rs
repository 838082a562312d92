//! The engine end to end, between trackers in memory, under a paused clock.

#![expect(
    clippy::unwrap_used,
    reason = "a test that finds nothing where something must be has failed"
)]

mod flow;
mod lives;
mod operations;
mod recovery;
mod support;
mod talk;
mod trouble;
