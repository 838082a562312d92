//! HTML, as trackers keep it in their text fields: Azure DevOps' descriptions and comments.
//!
//! [`decode`] reads what editors and mail programs leave behind: tags that are not closed, texts without a paragraph, lines
//! as `<div>`. It never fails. [`encode`] first lowers a document to what HTML can hold and reports the losses, then writes
//! that exactly: reading it again gives the lowered document.
//!
//! An element that the tree has no place for is kept whole as an opaque node. What an element only says about its look
//! (`class`, `style`, sizes and fonts) is not kept, but for what a mark says: bold, italic, underlined, struck through,
//! below or above the line, colours.
//!
//! A call to a person is Azure DevOps' own: `<a href="#" data-vss-mention="version:2.0,ID">@Name</a>`. A name after `@` that
//! is no such link calls nobody.
//!
//! Time is linear in the length of a text; elements nest 128 deep at most, deeper ones stand in the last.

mod decode;
mod decode_line;
mod decode_table;
pub(super) mod entity;
mod lower;
mod lower_line;
mod names;
mod space;
pub(super) mod style;
mod token;
mod tree;
mod write;

#[cfg(test)]
mod tests;

use super::loss::LossReport;
use super::model::Document;

/// Reads HTML. Any text is HTML, so nothing can fail.
pub fn decode(text: &str) -> Document {
    decode::document(text)
}

/// Writes a document, and what is lost. Nothing stands between two blocks.
pub fn encode(document: &Document) -> (String, LossReport) {
    let document = document.shallow();
    let (document, losses) = lower::document(&document);
    (write::document(&document.blocks), losses)
}
