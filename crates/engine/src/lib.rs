//! The host's work.

mod breaker;
mod env;
mod gate;
mod inbox;
mod metrics;
mod queue;
mod settings;

pub use env::Env;
pub use gate::NodeState;
pub use inbox::{Delivery, EdgeInbox, InboxError};
pub use metrics::{Counter, LATENCY_BOUNDS_MS, Latency, Metrics};
pub use queue::Lane;
pub use settings::{HostSettings, SweepSettings};
