//! The whole application as real processes on loopback.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its world is not as it must be"
)]

mod canary;
mod central;
mod change;
mod clock;
mod deeds;
mod demo;
mod described;
mod disasters;
mod disk;
mod documents;
mod drills;
mod first_twin;
mod fleet;
mod fleet_commands;
mod hooked;
mod hung;
mod joined_aside;
mod joining;
mod logs;
mod matching;
mod node_commands;
mod node_probes;
mod odd_items;
mod page_on_answers;
mod private_words;
mod prometheus;
mod quorum;
mod restart;
mod routes;
mod rules_commands;
mod status_page;
mod supervisor;
mod support;
mod tickets;
mod traces;
mod units;
mod upgrade;
mod upgrade_forms;
mod upgrading;
mod watch;
mod watch_faults;
mod watch_peers;
mod watching;
mod ways_back;
mod webhooks;
