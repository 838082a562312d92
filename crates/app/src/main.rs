//! Twinline: keeps work items in different trackers in step.

fn main() {}
