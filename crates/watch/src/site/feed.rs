//! Feeds of incidents and maintenance: Atom (RFC 4287) and RSS 2.0.

use super::document::Scene;
use super::identity::urn;
use super::links::absolute;
use super::place::Place;
use super::shown::{announced_at, noted_at, published_at, updated_at};
use super::view::Time;
use super::words::{maintenance_label, stage_label};
use askama::Template;
use twinline_core::time::Timestamp;

/// The most entries, the last changed first.
const ENTRIES_MAX: usize = 50;
/// The most updates in an entry.
const UPDATES_MAX: usize = 100;

/// An incident or a maintenance.
struct Item {
    id: String,
    title: String,
    link: Option<String>,
    published: Timestamp,
    /// The same as RSS writes it.
    date: String,
    updated: Timestamp,
    /// HTML, which the feed's template escapes.
    content: String,
}

/// What an entry says, as HTML.
#[derive(Template)]
#[template(path = "site/feed_entry.html")]
struct Content {
    notes: Vec<(&'static str, Time, String)>,
    left_out: usize,
}

#[derive(Template)]
#[template(path = "site/feed.atom.xml")]
struct Atom {
    id: String,
    name: String,
    updated: Timestamp,
    own: Option<String>,
    page: Option<String>,
    items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "site/feed.rss.xml")]
struct Rss {
    name: String,
    own: String,
    page: String,
    changed: String,
    items: Vec<Item>,
}

/// The Atom feed.
pub(super) fn atom(scene: &Scene<'_>) -> Result<String, askama::Error> {
    let shown = scene.shown;
    let feed = Atom {
        id: urn(&["feed", &shown.name]),
        name: plain(&shown.name),
        updated: shown.changed_at(),
        own: absolute(scene.base, &Place::Atom, scene.exported),
        page: absolute(scene.base, &Place::Overview, scene.exported),
        items: items(scene)?,
    };
    feed.render()
}

/// The RSS feed; nothing without an address, which its channel must name.
pub(super) fn rss(scene: &Scene<'_>) -> Result<Option<String>, askama::Error> {
    let shown = scene.shown;
    let address = |place| absolute(scene.base, place, scene.exported);
    let (Some(own), Some(page)) = (address(&Place::Rss), address(&Place::Overview)) else {
        return Ok(None);
    };
    let feed = Rss {
        name: plain(&shown.name),
        own,
        page,
        changed: rfc2822(shown.changed_at()),
        items: items(scene)?,
    };
    feed.render().map(Some)
}

fn items(scene: &Scene<'_>) -> Result<Vec<Item>, askama::Error> {
    let shown = scene.shown;
    let link = |place| absolute(scene.base, &place, scene.exported);
    let mut items = Vec::new();
    for it in shown.incidents() {
        let notes = it.updates.iter();
        let notes = notes.map(|it| (stage_label(it.stage), it.at, it.body.as_str()));
        items.push(Item {
            id: id(scene, "incident", it.incident.0, it.began),
            title: plain(&it.name),
            link: link(Place::Incident(it.incident)),
            published: published_at(it),
            date: rfc2822(published_at(it)),
            updated: updated_at(it),
            content: content(scene, notes)?,
        });
    }
    for (number, it) in shown.maintenances() {
        let notes = it.updates.iter();
        let notes = notes.map(|(at, stage, body)| (maintenance_label(*stage), *at, body.as_str()));
        items.push(Item {
            id: id(scene, "maintenance", number.0, announced_at(it)),
            title: plain(&format!("Maintenance: {}", it.name)),
            link: link(Place::Maintenance(number)),
            published: announced_at(it),
            date: rfc2822(announced_at(it)),
            updated: noted_at(it),
            content: content(scene, notes)?,
        });
    }
    items.sort_by_key(|it| std::cmp::Reverse(it.updated));
    items.truncate(ENTRIES_MAX);
    Ok(items)
}

/// The last first.
fn content<'a>(
    scene: &Scene<'_>,
    notes: impl DoubleEndedIterator<Item = (&'static str, Timestamp, &'a str)> + ExactSizeIterator,
) -> Result<String, askama::Error> {
    let left_out = notes.len().saturating_sub(UPDATES_MAX);
    let zone = &scene.shown.time_zone;
    let notes = notes.rev().take(UPDATES_MAX);
    let notes = notes.map(|(stage, at, body)| (stage, Time::new(zone, at), plain(body)));
    let content = Content {
        notes: notes.collect(),
        left_out,
    };
    content.render()
}

/// A watch that begins anew counts from one again: when it was tells such incidents apart.
fn id(scene: &Scene<'_>, kind: &str, number: u64, at: Timestamp) -> String {
    let (number, at) = (number.to_string(), at.as_millis().to_string());
    urn(&[kind, &scene.shown.name, &number, &at])
}

/// Without the characters that no XML document may hold (XML 1.0, 2.2), however they are written.
fn plain(text: &str) -> String {
    let allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    text.chars().filter(allowed).collect()
}

/// As RSS writes an instant.
fn rfc2822(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    jiff::fmt::rfc2822::to_string(&instant.to_zoned(jiff::tz::TimeZone::UTC))
        .unwrap_or_else(|_| at.to_string())
}
