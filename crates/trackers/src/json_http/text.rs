//! Texts in the tracker's notation, with our marker in a form that the notation does not show.

use super::description::MarkerPlace;
use twinline_core::marker::Marker;
use twinline_core::richtext::{Dialect, Document, html, markdown, plain};

/// What stands around a marker. A link reference definition that nothing refers to shows nowhere in Markdown; plain text has
/// nothing that does not show.
const fn signs(notation: Dialect) -> (&'static str, &'static str) {
    match notation {
        Dialect::Html => ("<!-- ", " -->"),
        Dialect::Plain | Dialect::Adf => ("[", "]"),
        Dialect::Markdown => ("[//]: # (", ")"),
    }
}

/// A text without its marker, and the marker. Line ends become `\n`.
pub(super) fn split(notation: Dialect, text: &str) -> (String, Option<Marker>) {
    let text = text.replace("\r\n", "\n");
    let (open, close) = signs(notation);
    let mut marker = None;
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(open) {
        let (before, from) = rest.split_at(at);
        let inside = from[open.len()..].split_once(close);
        match inside.and_then(|(inside, after)| Some((Marker::parse(inside)?, after))) {
            Some((found, after)) => {
                kept.push_str(before);
                marker = Some(found);
                rest = after;
            }
            None => {
                kept.push_str(before);
                kept.push_str(open);
                rest = &from[open.len()..];
            }
        }
    }
    kept.push_str(rest);
    (kept.trim_end().to_owned(), marker)
}

/// A text with its marker below it.
pub(super) fn join(notation: Dialect, text: &str, marker: Option<&Marker>) -> String {
    let Some(marker) = marker else {
        return text.to_owned();
    };
    let (open, close) = signs(notation);
    match text.is_empty() {
        true => format!("{open}{marker}{close}"),
        false => format!("{text}\n\n{open}{marker}{close}"),
    }
}

/// The document that a text without its marker shows.
pub(super) fn read(notation: Dialect, text: &str) -> Document {
    match notation {
        Dialect::Html => html::decode(text),
        Dialect::Plain | Dialect::Adf => plain::decode(text),
        Dialect::Markdown => markdown::decode(text),
    }
}

/// A document in the notation.
pub(super) fn write(notation: Dialect, document: &Document) -> String {
    let text = match notation {
        Dialect::Html => html::encode(document).0,
        Dialect::Plain | Dialect::Adf => plain::encode(document).0,
        Dialect::Markdown => markdown::encode(document).0,
    };
    text.trim_end().to_owned()
}

/// The document that the tracker would give back, of a text in which our marker may lie or not.
pub(super) fn normalised(notation: Dialect, marked: bool, document: &Document) -> Document {
    let text = write(notation, document);
    match marked {
        true => read(notation, &split(notation, &text).0),
        false => read(notation, &text),
    }
}

/// Whether a marker lies in the text.
pub(super) fn holds_marker(place: Option<&MarkerPlace>) -> bool {
    place.is_some_and(|place| place.in_text)
}
