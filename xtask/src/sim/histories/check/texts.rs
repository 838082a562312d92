//! Texts of one notation against texts of the other, as documents in what both can hold.

use super::super::expected::Text;
use super::home;
use crate::sim::place::Place;
use serde_json::Value;
use twinline_core::richtext::{Dialect, Document, adf, markdown};
use twinline_sim::seeds::PEOPLE;

/// Whether a place shows a text: exactly as it was written where it was written, elsewhere as its notation can.
pub(super) fn stands(text: &Text, place: Place, stored: &str) -> bool {
    if home(text) == place {
        return is_untouched(text, without_marker(stored));
    }
    same(text, &shown(place, stored))
}

/// Whether a tracker stores just what was written.
pub(super) fn is_untouched(text: &Text, stored: &str) -> bool {
    match text {
        Text::Markdown(text) => text == stored,
        Text::Adf(Value::Null) => stored.is_empty(),
        Text::Adf(document) => {
            serde_json::from_str::<Value>(stored).is_ok_and(|it| it == *document)
        }
    }
}

/// Whether a comment is the mirror of a text: a line with the author's name, and the text.
pub(super) fn mirrors(text: &Text, place: Place, author: &str, stored: &str) -> bool {
    let mut document = shown(place, stored);
    if document.blocks.is_empty() {
        return false;
    }
    let header = Document {
        blocks: vec![document.blocks.remove(0)],
    };
    header.plain().starts_with(&format!("{} · ", name(author))) && same(text, &document)
}

/// What a person is called: people of the snapshots by their logins.
fn name(login: &str) -> &str {
    let mut people = PEOPLE.iter();
    people
        .find(|person| person.login == login)
        .map_or(login, |person| person.name)
}

/// Whether a document is what the other notation can hold of a text. Both are compared as Jira shows them: where only a
/// part of a GitHub text was edited in Jira, the rest of it is still richer than that.
fn same(text: &Text, shown: &Document) -> bool {
    let wanted = match text {
        Text::Markdown(text) => markdown_document(text),
        Text::Adf(document) => Dialect::Markdown.project(&adf_document(document)).0,
    };
    as_jira(&wanted) == as_jira(shown)
}

fn shown(place: Place, stored: &str) -> Document {
    match place {
        Place::Jira => {
            let document = serde_json::from_str(stored).unwrap_or_default();
            adf_document(&document)
        }
        _ => markdown_document(without_marker(stored)),
    }
}

/// GitHub's web page sends `\r\n` for an end of line.
fn markdown_document(text: &str) -> Document {
    markdown::decode(&text.replace("\r\n", "\n"))
}

/// An unreadable document shows as one that no person wrote.
fn adf_document(document: &Value) -> Document {
    adf::decode(document)
        .unwrap_or_else(|error| Document::from_plain(&format!("unreadable: {error}: {document}")))
}

fn as_jira(document: &Document) -> Document {
    Dialect::Adf.project(document).0.normalised()
}

/// A text without the line by which Twinline knows its own items and comments.
fn without_marker(stored: &str) -> &str {
    match stored.find("<!-- twinline:") {
        Some(at) => stored[..at].trim_end(),
        None => stored,
    }
}
