//! Twinline: keeps work items in different trackers in step.

pub mod config;
pub mod exit;
pub mod handles;
pub mod instance;
pub mod roles;
pub mod shutdown;
pub mod telemetry;

fn main() {}
