//! Texts: HTML, and Markdown where a field or comment is in it; and where our marker lies.
//!
//! An item's marker is a link of the kind *Hyperlink*, a comment's a link without a text at its end, both to an address that
//! leads nowhere: `.invalid` is no domain (RFC 2606).

use super::wire;
use twinline_core::marker::Marker;
use twinline_core::richtext::{Document, html, markdown};

/// What a marker's address begins with.
const ADDRESS: &str = "https://twinline.invalid/";

/// The address of a marker.
pub(super) fn address(marker: &Marker) -> String {
    format!("{ADDRESS}{}/{}", marker.root, marker.link)
}

/// The marker of an address.
pub(super) fn marker_of(address: &str) -> Option<Marker> {
    let (root, link) = address.strip_prefix(ADDRESS)?.split_once('/')?;
    Marker::parse(&format!("twinline:{root}:{link}"))
}

/// The marker among an item's links.
pub(super) fn marker(item: &wire::WorkItem) -> Option<Marker> {
    let mut links = item.relations.iter().filter(|link| link.rel == "Hyperlink");
    links.find_map(|link| marker_of(&link.url))
}

/// A comment's text with its marker at the end.
pub(super) fn join(text: &str, marker: &Marker) -> String {
    format!("{text}<a href=\"{}\"></a>", address(marker))
}

/// A comment's text without its marker, and the marker. An editor may have given the link other attributes.
pub(super) fn split(text: &str) -> (String, Option<Marker>) {
    let mut rest = text.to_owned();
    let mut found = None;
    let mut from = 0;
    while let Some(at) = rest[from..].find(ADDRESS).map(|at| from + at) {
        let url = &rest[at..];
        let length = url.find(['"', '\'', ' ', '>']).unwrap_or(url.len());
        let tag = rest[..at].rfind("<a").zip(rest[at..].find("</a>"));
        match (marker_of(&url[..length]), tag) {
            (Some(marker), Some((start, end))) => {
                found = Some(marker);
                rest.replace_range(start..at + end + "</a>".len(), "");
                from = start;
            }
            _ => from = at + length,
        }
    }
    (rest, found)
}

/// What a text shows.
pub(super) fn read(text: &str, is_markdown: bool) -> Document {
    match is_markdown {
        true => markdown::decode(text),
        false => html::decode(text),
    }
}

/// A document as such a text. What the notation cannot show was reported by the plan, which projected it already.
pub(super) fn write(document: &Document, is_markdown: bool) -> String {
    match is_markdown {
        true => markdown::encode(document).0,
        false => html::encode(document).0,
    }
}
