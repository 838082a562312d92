//! The pages for people, as HTML.
//!
//! A page is a template and a value that holds the words for it. No page needs a script.

mod acknowledge;
mod days;
mod history;
mod incident;
mod maintenance;
mod message;
mod overview;
mod report;
mod subscribe;
mod written;

pub(super) use acknowledge::acknowledge;
pub(super) use history::history;
pub(super) use incident::incident;
pub(super) use maintenance::maintenance;
pub(super) use message::{Message, message};
pub(super) use overview::overview;
pub(super) use report::{Draft, report, reported};
pub(super) use subscribe::{confirm, confirmed, leave, left, subscribe, subscribed};

use super::document::Scene;
use super::links::Links;
use super::place::Place;
use askama::Template;
use twinline_core::time::Timestamp;
use twinline_core::watch::escalation::Zone;

/// What every page has around it.
pub(super) struct Frame {
    name: String,
    zone: String,
    links: Links,
    refreshed: Time,
    stale: bool,
    exported: bool,
    /// Whether there is an RSS feed.
    rss: bool,
    /// Whether visitors may subscribe.
    subscribes: bool,
}

impl Frame {
    pub(super) fn new(scene: &Scene<'_>, place: &Place) -> Self {
        Self::around(scene, Links::from(place, scene.exported))
    }

    pub(super) fn around(scene: &Scene<'_>, links: Links) -> Self {
        let shown = scene.shown;
        Self {
            name: shown.name.clone(),
            zone: shown.time_zone.to_string(),
            links,
            refreshed: Time::new(&shown.time_zone, shown.at),
            stale: scene.stale,
            exported: scene.exported,
            rss: scene.base.is_some(),
            subscribes: scene.offered.any(),
        }
    }
}

/// An instant, as the page's place reads it and as a machine does.
#[derive(Template)]
#[template(
    source = r#"<time datetime="{{ machine }}">{{ people }}</time>"#,
    ext = "html"
)]
pub(super) struct Time {
    machine: String,
    people: String,
}

impl Time {
    pub(super) fn new(zone: &Zone, at: Timestamp) -> Self {
        Self {
            machine: at.to_string(),
            people: zone.moment(at),
        }
    }

    /// The end of what began then, for who has just read that: on the same day without the day.
    pub(super) fn end(zone: &Zone, began: Timestamp, at: Timestamp) -> Self {
        let mut end = Self::new(zone, at);
        if zone.date(began) == zone.date(at)
            && let Some((_, time)) = end.people.split_once(", ")
        {
            end.people = time.to_owned();
        }
        end
    }
}

/// The template escapes what it holds.
impl askama::filters::HtmlSafe for Time {}
