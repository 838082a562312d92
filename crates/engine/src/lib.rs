//! The host's work: pull deliveries, keep the dirty queue, reconcile twins, make effects, sweep, keep the ledger.
//!
//! The engine acts and decides nothing: which writes a twin needs is `twinline_core::reconcile`, a pure function; what an
//! item is, its tracker says; what is durable, `twinline_store` knows. The engine brings them together.
//!
//! ```text
//! edge ─pull─▶ dirty mark ─scheduler─▶ job: observe ▶ plan ▶ intend ▶ execute ▶ settle ─▶ events, history
//! tracker ─sweep─▶ ▲                                                   │
//!                  └────────── follow-ups: provisional, cluster ◀──────┘
//! ```
//!
//! # What holds
//! * Everything that is to be done is a dirty mark or an open intent in the store. Memory is a cache of it: dropped at
//!   any instant, nothing is lost and nothing is done twice.
//! * Workers are level-triggered: woken by a signal and by a period, they read state again and act idempotently.
//! * One cluster has at most one job in flight. A job holds a permit of a node only while a request of that node is in
//!   flight, and a node that fails closes its own gate only.
//! * Intents are durable before attempts; unknown outcomes are resolved by asking.
//! * No thread is started here and no order depends on a hash: on a current-thread runtime with a paused clock a run
//!   repeats itself.
//!
//! # What it does not do
//! No HTTP is served or spoken here, no SQL, no rule is interpreted, no tracker is named.

mod aside;
mod backfill;
mod breaker;
mod confirmed;
mod dirty;
mod env;
mod event;
mod gate;
pub mod groups;
mod hooked;
mod host;
mod ids;
mod inbox;
mod job;
mod metrics;
mod node;
pub mod ops;
pub mod ownership;
mod pace;
mod panics;
mod parents;
mod pull;
mod relook;
mod rests;
mod room;
mod rules;
mod safe;
mod scheduler;
mod settings;
mod sweep;
mod trickle;
mod turns;

pub use backfill::BackfillSpec;
pub use env::Env;
pub use event::{Event, What};
pub use gate::NodeState;
pub use hooked::WebhookStanding;
pub use host::{AdoptTrace, Host, HostBuilder, TaskEnded};
pub use inbox::{Delivery, EdgeInbox, InboxError, Pulled, Refused};
pub use metrics::{Counter, LATENCY_BOUNDS_MS, Latency, Metrics};
pub use node::NodeConfig;
pub use room::FileRoom;
pub use rules::{Compiled, RulesFactory, SharedRules, recorded};
pub use scheduler::Depths;
pub use settings::{HostSettings, SweepSettings};
pub use twinline_core::queue::Lane;
