//! Markdown: CommonMark with GFM's tables, task lists, strikethrough, alerts and bare links.
//!
//! [`decode`] reads what people write, on pulldown-cmark. [`encode`] first lowers a document to what Markdown can hold
//! and reports the losses, then writes that exactly: reading it again gives the lowered document.
//!
//! Simple HTML tags for looks that Markdown lacks (`<ins>`, `<sub>`, `<sup>`) or cannot place (`<strong>` inside a
//! word) are read and written as marks; all other HTML is kept as opaque nodes.
//!
//! Time was found linear in the length of a text. Texts of nothing but brackets or list signs cost up to 0.3 µs of
//! processor time per byte to read (0.4 to 1.6 MB, an optimised build), paragraphs of two letters 0.2 µs per byte to read
//! and 0.4 µs to write.
//!
//! A name after `@` that is not a [`Mention`](super::Mention) calls nobody: it is written `@<!-- -->name`.

mod decode;
mod escape;
mod flank;
mod html;
mod line;
mod lower;
mod lower_line;
pub(super) mod recognise;
mod spans;
mod write;

#[cfg(test)]
mod tests;

use super::loss::LossReport;
use super::model::Document;

/// Reads Markdown as GitHub's issues and Redmine mean it: a line feed in a paragraph breaks the line, and `@login` calls
/// a person. Any text is Markdown, so nothing can fail.
pub fn decode(text: &str) -> Document {
    decode::document(text)
}

/// Writes a document in that Markdown, and what is lost. Ends without a line feed.
pub fn encode(document: &Document) -> (String, LossReport) {
    let document = document.shallow();
    let (document, losses) = lower::document(&document);
    (write::blocks(&document.blocks), losses)
}
