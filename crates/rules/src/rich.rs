//! Rich text as scripts and plain fields see it.

use twinline_core::richtext::{Document, markdown};

/// The Markdown of a document. What Markdown cannot hold is not seen by scripts, and stays where they change nothing.
pub(crate) fn to_markdown(document: &Document) -> String {
    markdown::encode(document).0
}

/// The document of a Markdown text.
pub(crate) fn from_markdown(text: &str) -> Document {
    markdown::decode(text)
}
