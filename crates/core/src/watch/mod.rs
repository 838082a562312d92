//! Watch's decisions: when a probe has failed, which failures are one incident, who is paged, what the public reads.
//!
//! Five machines, each a value that can be stored. One method takes an event and the time and gives back effects, a
//! closed enum; `due` says when it wants to be woken though nothing happens. Whoever drives them stores the state and
//! carries out the effects, in any order: a page goes out before, or without, watch's own commit. Nothing here reads a
//! clock, and the configuration is passed each time, so that a new one holds at once (docs/adr/0033).
//!
//! ```text
//! results ─▶ probe ─▶ signals ─▶ incident ─▶ escalation ─▶ pages
//!                     reports ──▲      └───▶ page (what the public reads)
//!                                change ◀── what is done to the infrastructure
//! ```

pub mod change;
pub mod element;
pub mod escalation;
pub mod incident;
pub mod page;
pub mod probe;
pub mod relay;
pub mod signal;
pub mod subscription;
pub mod wait;
