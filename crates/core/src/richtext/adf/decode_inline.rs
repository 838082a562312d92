//! Reads the nodes of a line.

use super::node;
use crate::richtext::canonical::canonical_inlines;
use crate::richtext::inline::{Emoji, Inline, Link, Marks, Mention, OpaqueInline, Script};
use crate::richtext::model::Format;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Reads a line. With `shown` nothing in it is opaque.
pub(super) fn line(nodes: &[Value], shown: bool) -> Vec<Inline> {
    canonical_inlines(nodes.iter().flat_map(|value| node(value, shown)).collect())
}

/// Reads one node.
pub(super) fn node(value: &Value, shown: bool) -> Vec<Inline> {
    if shown {
        return shown_form(value);
    }
    match known(value) {
        Some(inline) => vec![inline],
        None => vec![Inline::Opaque(OpaqueInline {
            format: Format::Adf,
            raw: value.to_string(),
            shown: canonical_inlines(shown_form(value)),
        })],
    }
}

/// A node that the tree has a place for, with all that it says.
fn known(value: &Value) -> Option<Inline> {
    match node::kind(value) {
        "text" => {
            let text = value.get("text").and_then(Value::as_str)?;
            let (marks, complete) = marks(node::marks(value));
            let fits = complete && node::has_only_attributes(value, &[]);
            fits.then(|| Inline::marked(text, marks))
        }
        "hardBreak" => node::has_only(value, &["text"]).then_some(Inline::Break),
        "mention" => {
            let known = ["id", "text", "accessLevel", "userType"];
            let ordinary = node::text(value, "userType").is_none_or(|kind| kind == "DEFAULT");
            let id = node::text(value, "id").filter(|id| !id.is_empty())?;
            let fits = ordinary && node::has_only(value, &known);
            fits.then(|| Inline::Mention(mention(value, id)))
        }
        "emoji" => {
            let name = node::text(value, "shortName").filter(|name| !name.is_empty())?;
            let fits = node::has_only(value, &["shortName", "id", "text"]);
            fits.then(|| {
                Inline::Emoji(Emoji {
                    short_name: name.to_owned(),
                    id: node::text(value, "id").map(str::to_owned),
                    text: node::text(value, "text").map(str::to_owned),
                })
            })
        }
        _ => None,
    }
}

fn mention(value: &Value, id: &str) -> Mention {
    let text = node::text(value, "text").unwrap_or("");
    Mention {
        format: Format::Adf,
        id: id.to_owned(),
        label: text.strip_prefix('@').unwrap_or(text).to_owned(),
    }
}

/// The nearest that others can show of a node.
fn shown_form(value: &Value) -> Vec<Inline> {
    if let Some(inline) = known(value) {
        return vec![inline];
    }
    let plain = |text: &str| vec![Inline::text(text)];
    match node::kind(value) {
        "text" => {
            let text = value.get("text").and_then(Value::as_str).unwrap_or("");
            vec![Inline::marked(text, marks(node::marks(value)).0)]
        }
        "hardBreak" => vec![Inline::Break],
        "date" => plain(&date(node::text(value, "timestamp").unwrap_or(""))),
        "inlineCard" => match node::text(value, "url") {
            Some(url) => vec![Inline::marked(url, linked(url))],
            None => Vec::new(),
        },
        "emoji" => plain(
            node::text(value, "text")
                .or(node::text(value, "shortName"))
                .unwrap_or(""),
        ),
        "mediaInline" => plain(
            node::text(value, "alt")
                .or(node::text(value, "id"))
                .unwrap_or(""),
        ),
        _ => plain(&node::all_text(value)),
    }
}

fn linked(url: &str) -> Marks {
    Marks {
        link: Some(Link::to(url)),
        ..Marks::default()
    }
}

/// The day of a date node, whose timestamp is in milliseconds since 1970 at midnight UTC.
fn date(timestamp: &str) -> String {
    let millisecond = timestamp.parse().ok();
    match millisecond.and_then(|at| Timestamp::from_millisecond(at).ok()) {
        Some(at) => at.to_zoned(TimeZone::UTC).date().to_string(),
        None => timestamp.to_owned(),
    }
}

/// The marks of a text, and whether the tree has a place for all that they say.
fn marks(list: &[Value]) -> (Marks, bool) {
    let mut marks = Marks::default();
    let mut complete = true;
    for mark in list {
        let plain = node::has_only(mark, &[]);
        complete &= match node::kind(mark) {
            "strong" => flag(&mut marks.bold) && plain,
            "em" => flag(&mut marks.italic) && plain,
            "strike" => flag(&mut marks.strike) && plain,
            "code" => flag(&mut marks.code) && plain,
            "underline" => flag(&mut marks.underline) && plain,
            "subsup" => {
                marks.script = match node::text(mark, "type") {
                    Some("sub") => Some(Script::Sub),
                    Some("sup") => Some(Script::Super),
                    _ => None,
                };
                marks.script.is_some() && node::has_only(mark, &["type"])
            }
            "textColor" => colour(mark, &mut marks.colour),
            "backgroundColor" => colour(mark, &mut marks.background),
            "link" => {
                let url = node::text(mark, "href").filter(|url| !url.is_empty());
                marks.link = url.map(|url| Link {
                    url: url.to_owned(),
                    title: node::text(mark, "title").map(str::to_owned),
                });
                marks.link.is_some() && node::has_only(mark, &["href", "title"])
            }
            _ => false,
        };
    }
    (marks, complete)
}

fn flag(mark: &mut bool) -> bool {
    *mark = true;
    true
}

fn colour(mark: &Value, place: &mut Option<String>) -> bool {
    let colour = node::text(mark, "color").filter(|colour| is_colour(colour));
    *place = colour.map(str::to_ascii_lowercase);
    place.is_some() && node::has_only(mark, &["color"])
}

/// Whether a colour has the form that the schema asks for, `#rrggbb`.
pub(super) fn is_colour(colour: &str) -> bool {
    let digits = colour.strip_prefix('#').unwrap_or("");
    digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}
