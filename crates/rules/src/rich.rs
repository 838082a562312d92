//! Rich text as scripts and plain fields see it.

use twinline_core::richtext::Document;

/// The Markdown of a document.
pub(crate) fn to_markdown(document: &Document) -> String {
    document.plain()
}

/// The document of a Markdown text.
pub(crate) fn from_markdown(text: &str) -> Document {
    Document::from_plain(text)
}
