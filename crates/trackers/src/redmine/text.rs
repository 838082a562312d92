//! Texts: Markdown, with our marker in a form that Markdown does not show.
//!
//! The marker is a link reference definition, `[//]: # (twinline:ROOT:LINK)`: both of Redmine's Markdown formatters drop
//! unused ones from the page, while they show or strip HTML comments. An instance must be set to Markdown or CommonMark
//! (Administration → Settings → General); with Textile, Redmine's default, the texts would show their markup.

use twinline_core::marker::Marker;
use twinline_core::richtext::{Document, markdown};

const OPEN: &str = "[//]: # (";
const CLOSE: &str = ")";

/// Room for the marker below a text, in characters.
pub(super) const MARKER_MAX_CHARS: usize = 160;

/// A text without its marker, and the marker. Line ends become `\n`: Redmine's web page sends `\r\n`.
pub(super) fn split(text: &str) -> (String, Option<Marker>) {
    let text = text.replace("\r\n", "\n");
    let mut marker = None;
    let kept = text.lines().filter(|line| {
        let inside = line
            .strip_prefix(OPEN)
            .and_then(|rest| rest.strip_suffix(CLOSE));
        let found = inside.and_then(Marker::parse);
        let is_text = found.is_none();
        marker = found.or(marker.take());
        is_text
    });
    let kept = kept.collect::<Vec<_>>().join("\n");
    (kept.trim_end().to_owned(), marker)
}

/// A text with its marker below it.
pub(super) fn join(text: &str, marker: Option<&Marker>) -> String {
    match marker {
        None => text.to_owned(),
        Some(marker) if text.is_empty() => format!("{OPEN}{marker}{CLOSE}"),
        Some(marker) => format!("{text}\n\n{OPEN}{marker}{CLOSE}"),
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

/// The document that Redmine would give back.
pub(super) fn normalised(document: &Document) -> Document {
    read(&split(&write(document)).0)
}
