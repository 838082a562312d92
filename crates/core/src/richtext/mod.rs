//! Rich text: one document tree for all trackers, a superset of CommonMark with GFM tables and task lists.

mod model;

pub use model::{Block, Document, Inline};
