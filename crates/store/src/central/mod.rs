//! The central PostgreSQL of a fleet, behind the hosts: nothing that answers a request or makes an effect waits for it.
//!
//! - [`CentralClient`]: connections under the rules that measurements of hanging databases led to.
//! - [`CentralHealth`]: whether reads and commits succeed, each by itself.
//! - [`Replication`]: ships a host's running state as states, in order; [`hydrate`] puts it back on another host.

mod breaker;
mod client;
mod connect;
mod deeds;
mod error;
mod health;
mod keeper;
mod lease;
mod migrate;
mod pools;
mod registry;
mod replica;
mod resolve;
mod session;
mod settings;
mod state;
mod tls;
mod tx;

#[cfg(test)]
mod tests;

pub use crate::host::replica::{Change, ReplicaRow};
pub use client::CentralClient;
pub use deeds::Deed;
pub use error::{CentralError, Step};
pub use health::{CentralHealth, PoolName, Standing, WriterFacts};
pub(crate) use migrate::MIGRATIONS;
pub use registry::{Machine, NodePlace, Published};
pub use replica::{
    Author, GroupRow, Hydrated, Marks, Origin, ReplicaTx, Replicas, Replication, ReplicationStatus,
    RowKey, ShippedState, TakeIn, begin_new, close_group, forget_joined, hydrate, is_closed,
    rebuild, take_in, take_over,
};
pub use settings::{CanarySettings, CentralAddress, CentralSettings, Deadlines, PoolSizes};
