//! Textile as Redmine means it: its own fork of RedCloth 3, with wiki links, macros and highlighted code.
//!
//! Sources: Redmine's help page "Wiki formatting" (`wiki_syntax_detailed_textile.html`) and what its formatter makes of a
//! text (`Redmine::WikiFormatting::Textile`, of Redmine 5.0); a real Redmine judges the writer in the test suite.
//!
//! [`decode`] reads what people write. It never fails. [`encode`] first lowers a document to what Textile can hold and reports
//! the losses, then writes that exactly: reading it again gives the lowered document.
//!
//! - Textile knows no backslash. A sign that would mean something is written as a reference (`&#42;`), which Redmine shows
//!   as the sign. A mark that touches a word is set apart by an empty `<notextile></notextile>`, which shows nothing.
//! - HTML is text, but for `<pre>`, `<code>`, `<kbd>` and `<notextile>`; comments are not shown.
//! - Wiki links, macros, attributes (`p(class).`, `%{style}x%`), merged cells and footnotes are kept as opaque nodes.
//! - `@login` calls a person. A name after `@` that is no call is written `&#64;name`.
//! - A list item holds lines, code and lists; a cell holds lines. Numbers begin at 1. What does not fit is lifted out.
//!
//! Time is linear in the length of a text.

mod attributes;
mod decode;
mod decode_line;
mod decode_list;
mod decode_table;
mod escape;
mod leaf;
mod lower;
mod lower_line;
mod rip;
mod signs;
mod take;
mod url;
mod write;
mod write_line;

#[cfg(test)]
mod tests;

use super::loss::LossReport;
use super::model::Document;

/// Reads Textile. Any text is Textile, so nothing can fail.
pub fn decode(text: &str) -> Document {
    decode::document(text)
}

/// Writes a document, and what is lost. Ends without a line feed.
pub fn encode(document: &Document) -> (String, LossReport) {
    let document = document.shallow();
    let (document, losses) = lower::document(&document);
    (write::blocks(&document.blocks), losses)
}
