//! The engine end to end, between trackers in memory, under a paused clock.

mod flow;
mod recovery;
mod support;
mod trouble;
