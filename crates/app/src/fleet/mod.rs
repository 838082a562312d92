//! A fleet: several machines that share the nodes out among themselves.
//!
//! *Which* groups of nodes there are is published in the central database ([`Definitions`]), followed by every machine
//! ([`Follower`]) and kept by each in a file, so that all goes on as it was while the database is away. *Who* owns a group
//! is etcd's to say (`twinline_engine::ownership`). What runs in a group is in the group's own state.

mod deeds;
mod definitions;
mod draining;
mod follow;
mod generation;
mod lease;
mod parts;
mod troubles;
pub mod view;

#[cfg(test)]
mod definitions_tests;
#[cfg(test)]
mod lease_tests;
#[cfg(test)]
mod troubles_tests;

pub use deeds::{Deeds, deed};
pub use definitions::{Definitions, Join, Refused};
pub use draining::Draining;
pub use follow::{Follower, Known};
pub use generation::raise;
pub use lease::LeaseFile;
pub use parts::{addresses, central, etcd, proof, token};
pub use troubles::troubles;
