//! The texts of comments: HTML.

use twinline_core::richtext::{Dialect, Document, html};

/// What stands for a description that there is not: Zendesk takes no ticket without a first comment.
pub(super) const NO_TEXT: &str = "(no description)";

/// The element that Zendesk puts around every comment.
const WRAPPER: &str = "<div class=\"zd-comment";

/// Reads a comment's HTML.
pub(super) fn read(text: &str) -> Document {
    html::decode(unwrapped(text))
}

/// What lies in Zendesk's own element.
fn unwrapped(text: &str) -> &str {
    let trimmed = text.trim();
    let inner = trimmed
        .strip_prefix(WRAPPER)
        .and_then(|rest| rest.split_once('>'))
        .and_then(|(_, rest)| rest.strip_suffix("</div>"));
    inner.unwrap_or(text)
}

/// Writes a comment's HTML. What it cannot show was reported by the plan, which projected it already.
pub(super) fn write(document: &Document) -> String {
    html::encode(document).0
}

/// The document that is read after this one was written.
pub(super) fn normalised(document: &Document) -> Document {
    Dialect::Html.project(document).0
}

/// A first comment as a description: nothing where we had to say that there is none.
pub(super) fn description(document: Document) -> Option<Document> {
    let said = document.plain();
    (!document.is_empty() && said.trim() != NO_TEXT).then_some(document)
}
