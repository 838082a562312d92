//! Texts: plain in most columns; entries of a journal, in which `[code]` holds HTML; HTML columns.
//!
//! Source: ServiceNow's page "Journal field type": "Journal fields render text wrapped in code tags as HTML". So it is read;
//! we write plain text: whether the tags are rendered is up to the instance (`glide.ui.security.allow_codetag`), and where they are not a customer
//! would read them.

use twinline_core::item::Value;
use twinline_core::richtext::{Dialect, Document, html, plain};

const OPEN: &str = "[code]";
const CLOSE: &str = "[/code]";

/// Whether a column's type holds HTML.
pub(super) fn is_html(kind: &str) -> bool {
    matches!(kind, "html" | "translated_html")
}

/// What an HTML column shows.
pub(super) fn read_html(source: &str) -> Value {
    let document = html::decode(source);
    if document.is_empty() {
        Value::Empty
    } else {
        Value::Rich(document)
    }
}

/// The source of an HTML column. What it cannot show was reported by the plan.
pub(super) fn write_html(document: &Document) -> String {
    html::encode(document).0
}

/// What a description shows.
pub(super) fn read_description(text: &str) -> Value {
    let document = normalised(&plain::decode(text));
    if document.is_empty() {
        Value::Empty
    } else {
        Value::Rich(document)
    }
}

/// The text of a document.
pub(super) fn write(document: &Document) -> String {
    plain::encode(document).0
}

/// The document that a plain column would give back.
pub(super) fn normalised(document: &Document) -> Document {
    Dialect::Plain.project(document).0
}

/// The document that an HTML column would give back.
pub(super) fn normalised_html(document: &Document) -> Document {
    Dialect::Html.project(document).0
}

/// Whether an entry's text is what was sent: line ends and white space around it aside.
pub(super) fn same(held: &str, sent: &str) -> bool {
    held.replace("\r\n", "\n").trim() == sent.trim()
}

/// What an entry of a journal shows: its plain parts as they are, and what stands in `[code]` as the HTML that it is.
pub(super) fn read_entry(text: &str) -> Document {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (source, behind) = after.split_once(CLOSE).unwrap_or((after, ""));
        blocks.extend(plain::decode(before).blocks);
        blocks.extend(html::decode(source).blocks);
        rest = behind;
    }
    blocks.extend(plain::decode(rest).blocks);
    Document { blocks }.normalised()
}
