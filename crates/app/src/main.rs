//! Twinline: keeps work items in different trackers in step.

pub mod config;

fn main() {}
