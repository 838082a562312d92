//! Rich text: one document tree for all trackers, a superset of CommonMark with GFM tables and task lists, and of what
//! Atlassian Document Format adds to it.
//!
//! A document is compared by its canonical form ([`Document::normalised`]); every decoder returns that form. What a
//! decoder does not know becomes an *opaque* node with the tracker's own text in it, so that it goes back to that
//! tracker as it came, and with a *shown* form for all others.

pub mod adf;
pub mod diff;
pub mod html;
pub mod markdown;
pub mod merge;
pub mod plain;
pub mod textile;

mod align;
mod canonical;
mod depth;
mod dialect;
mod inline;
mod loss;
mod lower;
mod model;
mod shallow;

#[cfg(test)]
mod arbitrary;

pub use dialect::Dialect;
pub(crate) use dialect::far_beyond;
pub use inline::{Emoji, Image, Inline, Link, Marks, Mention, OpaqueInline, Script};
pub use loss::{Loss, LossKind, LossReport, MAX_LOSSES};
pub use model::{
    Alignment, Block, Cell, Document, Format, List, ListItem, MAX_DEPTH, Media, Opaque, PanelKind,
    Row, Table,
};
