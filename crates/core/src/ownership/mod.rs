//! Who may act for a group of nodes: the arithmetic of a leased ownership, and where vacant groups go.
//!
//! Pure. An owner may begin an attempt at a tracker only while it is certain that the attempt ends before anybody else can
//! own the group; a successor waits for what the former owner may still have under way.

mod lease;
mod place;
mod regroup;
mod wish;

#[cfg(test)]
mod tests;

pub use lease::{BadTerms, BootTime, LeaseTerms};
pub use place::{Load, Vacant, claims};
pub use regroup::{Groups, regroup};
pub use wish::{Asked, Part, Wish};
