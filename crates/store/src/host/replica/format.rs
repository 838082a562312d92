//! The form of replicated rows, as a number.
//!
//! Whoever takes a group over reads rows that another version may have shipped. What that needs is that rows mean the same to
//! both, not that both files are made alike: indexes, triggers and tallies are every file's own. So the form has a number of
//! its own, which is shipped with the group's row, and a version refuses only what is of a later form than it reads.
//!
//! A migration raises it, to its own number, when an earlier version could not go on from the rows: a replicated table or
//! column comes, goes or changes its meaning, or a document in a column does. What an earlier version lacks it would leave out,
//! and that would be lost with its takeover.

/// The form that is shipped.
pub(crate) const REPLICA_FORMAT: i64 = 15;

/// The latest form that is read. 14 is 13: there were builds that shipped their file's schema for it.
pub(crate) const REPLICA_FORMAT_READ: i64 = 15;
