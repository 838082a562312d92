//! The engine end to end, between trackers in memory, under a paused clock.

#![expect(
    clippy::unwrap_used,
    reason = "a test that finds nothing where something must be has failed"
)]

mod audit;
mod backfills;
mod blocked;
mod crowds;
mod echoes;
mod endings;
mod feeds;
mod files;
mod fleet;
mod fleet_files;
mod fleet_troubles;
mod flow;
mod fresh;
mod held;
mod inboxes;
mod joining;
mod lagging;
mod lanes;
mod large;
mod linkable;
mod linking;
mod lives;
mod lost;
mod many;
mod meanwhile;
mod moves;
mod operations;
mod parents;
mod places;
mod publishing;
mod recovery;
mod refused;
mod rounds;
mod rules_told;
mod same_node;
mod several;
mod support;
mod sweeps;
mod talk;
mod told;
mod triggers;
mod trouble;
mod versions;
