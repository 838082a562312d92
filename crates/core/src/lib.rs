//! The pure heart of Twinline: what an item is, what crosses between two of them, and what to write.
//!
//! Facts in, plan out. Nothing here reads a clock, draws a random number, opens a file or a socket; the crate's
//! manifest shows it. Everything that decides lives here; everything that acts lives in `twinline-engine`.

pub mod attachments;
pub mod breaker;
pub mod capability;
pub mod cluster;
pub mod comments;
pub mod contract;
pub mod digest;
pub mod effect;
pub mod handles;
pub mod item;
pub mod life;
pub mod marker;
pub mod matching;
pub mod mutant;
pub mod names;
pub mod ownership;
pub mod parents;
pub mod progress;
pub mod quarantine;
pub mod queue;
pub mod reconcile;
pub mod retry;
pub mod richtext;
pub mod rules;
pub mod spans;
pub mod time;
pub mod view;
pub mod watch;
