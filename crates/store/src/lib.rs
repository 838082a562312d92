//! The local stores: SQLite files that each role owns alone.
//!
//! - [`db`]: one file, one writer with group commit, a few readers, health, faults for simulation.
//! - [`inbox`]: the edge's deliveries, kept until they are safe.
//! - [`host`]: all working state of a host.
//! - [`watch`]: what a watch keeps of its machines.
//! - [`backup`]: copies of a file, taken while it is in use, and their way back.
//!
//! Written against released: a write has happened when its future resolves with `Ok`, and not before. All closures of
//! one batch share one commit; what a future resolves with was on disk before it resolved.
//!
//! No SQL leaves this crate, and no policy enters it: it stores what the engine and the edge decide.

pub mod backup;
pub mod central;
pub mod db;
mod error;
mod formats;
pub mod host;
pub mod inbox;
mod migrate;
mod row;
mod stamp;
pub mod watch;

pub use error::StoreError;
pub use formats::{Formats, Further};
pub use stamp::{Epoch, GroupId, Stamp};
