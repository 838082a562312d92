//! Who owns which group of nodes, in a fleet: leases and compare-and-swap in etcd, and nothing else stored there.
//!
//! ```text
//! twinline/INSTANCE/groups/GROUP   {"host": …}   under the owner's lease; its creation revision is the epoch's
//! twinline/INSTANCE/hosts/HOST     {"draining": …} under the host's lease: it is there
//! ```
//!
//! A group is claimed by creating its key where there is none. It is kept while the lease is renewed, and is vacant when
//! the lease ends or the owner gives it away. [`Keeper`] renews, claims and gives away; [`Permit`] tells each attempt at
//! a tracker whether it may still begin. What etcd does while it cannot be reached needs no care here: a permit ends by
//! itself.
//!
//! # What it does not do
//! Take a group's state over, or wait for what its former owner has under way: whoever runs the group does.

mod etcd;
mod keeper;
mod permit;
mod roster;

#[cfg(test)]
mod tests;

pub use etcd::{Etcd, EtcdError};
pub use keeper::{Keeper, KeeperSettings, LeaseId, Owned, Ownership, Pins, Seen};
pub use permit::Permit;
pub use roster::{Owner, Roster};
