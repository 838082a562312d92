//! The edge over real sockets, with a verifier of its own.

mod backend;
mod certificates;
mod deliveries;
mod fleet;
mod harness;
mod health;
mod mapping;
mod proxying;
mod refused;
