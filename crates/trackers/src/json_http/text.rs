//! Texts in the tracker's notation, with our marker in a form that the notation does not show.

use super::description::MarkerPlace;
use crate::code_lines::code_lines;
use twinline_core::marker::Marker;
use twinline_core::richtext::{Dialect, Document, html, markdown, plain, textile};

/// What stands around a marker. A link reference definition that nothing refers to shows nowhere in Markdown; plain text has
/// nothing that does not show.
const fn signs(notation: Dialect) -> (&'static str, &'static str) {
    match notation {
        Dialect::Html | Dialect::Textile => ("<!-- ", " -->"),
        Dialect::Plain | Dialect::Adf => ("[", "]"),
        Dialect::Markdown => ("[//]: # (", ")"),
    }
}

/// A text without its marker, and the marker. Line ends become `\n`.
pub(super) fn split(notation: Dialect, text: &str) -> (String, Option<Marker>) {
    let text = text.replace("\r\n", "\n");
    match notation {
        // A comment shows nowhere, and an editor may put it into another line than ours.
        Dialect::Html => split_anywhere(notation, &text),
        _ => split_lines(notation, &text),
    }
}

/// Takes markers that are lines of their own. One in code is a text that people see, and none of ours; a quoted one neither.
fn split_lines(notation: Dialect, text: &str) -> (String, Option<Marker>) {
    let (open, close) = signs(notation);
    let lines: Vec<&str> = text.lines().collect();
    let in_code = match notation {
        Dialect::Markdown | Dialect::Textile => code_lines(&lines),
        _ => vec![false; lines.len()],
    };
    let marked = |line: &str| {
        let inside = line.trim().strip_prefix(open)?.strip_suffix(close)?;
        Marker::parse(inside)
    };
    let mut marker = None;
    let mut kept = Vec::with_capacity(lines.len());
    for (line, in_code) in lines.into_iter().zip(in_code) {
        match marked(line).filter(|_| !in_code) {
            Some(found) => marker = Some(found),
            None => kept.push(line),
        }
    }
    (kept.join("\n").trim_end().to_owned(), marker)
}

fn split_anywhere(notation: Dialect, text: &str) -> (String, Option<Marker>) {
    let (open, close) = signs(notation);
    let mut marker = None;
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(open) {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        let inside = from[open.len()..].split_once(close);
        match inside.and_then(|(inside, after)| Some((Marker::parse(inside)?, after))) {
            Some((found, after)) => {
                marker = Some(found);
                rest = after;
            }
            None => {
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
        Dialect::Textile => textile::decode(text),
    }
}

/// A document in the notation.
pub(super) fn write(notation: Dialect, document: &Document) -> String {
    let text = match notation {
        Dialect::Html => html::encode(document).0,
        Dialect::Plain | Dialect::Adf => plain::encode(document).0,
        Dialect::Markdown => markdown::encode(document).0,
        Dialect::Textile => textile::encode(document).0,
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

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
