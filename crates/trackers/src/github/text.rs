//! Texts: Markdown, with our marker in a comment that GitHub's pages do not show.

use twinline_core::marker::Marker;
use twinline_core::richtext::{Document, markdown};

const OPEN: &str = "<!-- twinline:";
const CLOSE: &str = " -->";

/// Room for the marker within GitHub's limit of 65,536 characters: two ids of 64 and what is around them.
pub(super) const MARKER_MAX_CHARS: usize = 160;

/// A text without its marker, and the marker. Line ends become `\n`: GitHub's web page sends `\r\n`.
pub(super) fn split(body: &str) -> (String, Option<Marker>) {
    let mut rest = body.replace("\r\n", "\n");
    let mut marker = None;
    let mut from = 0;
    while let Some(start) = rest[from..].find(OPEN).map(|found| from + found) {
        let Some(length) = rest[start..].find(CLOSE) else {
            break;
        };
        let end = start + length + CLOSE.len();
        let inside = &rest[start + "<!-- ".len()..start + length];
        match Marker::parse(inside) {
            Some(found) => {
                marker = Some(found);
                rest.replace_range(start..end, "");
                from = start;
            }
            None => from = end,
        }
    }
    (rest.trim_end().to_owned(), marker)
}

/// A text with its marker below it.
pub(super) fn join(text: &str, marker: Option<&Marker>) -> String {
    match marker {
        None => text.to_owned(),
        Some(marker) if text.is_empty() => format!("<!-- {marker}{CLOSE}"),
        Some(marker) => format!("{text}\n\n<!-- {marker}{CLOSE}"),
    }
}

/// The document that a text without its marker shows.
pub(super) fn read(text: &str) -> Document {
    markdown::decode(text)
}

/// The Markdown of a document.
pub(super) fn write(document: &Document) -> String {
    markdown::encode(document).0.trim_end().to_owned()
}

/// The document that GitHub would give back.
pub(super) fn normalised(document: &Document) -> Document {
    read(&split(&write(document)).0)
}

#[cfg(test)]
mod tests;
