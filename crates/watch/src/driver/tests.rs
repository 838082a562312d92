//! The driver with real channels, some of which hang, and a clock that is put forward.

mod changes;
mod channels;
mod elsewhere;
mod faults;
mod links;
mod storm;
mod tenants;
pub(crate) mod world;
