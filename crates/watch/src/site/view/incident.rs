//! An incident, in a list and alone.

use super::super::document::Scene;
use super::super::links::Links;
use super::super::place::Place;
use super::super::shown::published_at;
use super::super::words::{impact_label, impact_word, stage_label, stage_word, state_label};
use super::written::{Block, blocks};
use super::{Frame, Time};
use askama::Template;
use twinline_core::watch::page::{Author, Entry, Stage, Update};

/// The most updates of one incident on its own page.
const UPDATES_MAX: usize = 500;

/// An incident as a page shows it.
pub(super) struct Incident {
    pub(super) name: String,
    pub(super) link: String,
    pub(super) impact: &'static str,
    pub(super) impact_class: &'static str,
    pub(super) stage: &'static str,
    pub(super) began: Time,
    pub(super) published: Time,
    pub(super) ended: Option<Time>,
    /// The same, behind when it began.
    pub(super) until: Option<Time>,
    pub(super) affected: String,
    /// The last first.
    pub(super) updates: Vec<Said>,
    /// How many older ones are not shown.
    pub(super) left_out: usize,
    /// Whether its own page has a postmortem.
    pub(super) postmortem: bool,
}

/// An update.
pub(super) struct Said {
    pub(super) stage: &'static str,
    pub(super) class: &'static str,
    pub(super) at: Time,
    pub(super) body: String,
    /// Whether watch wrote it.
    pub(super) automatic: bool,
    /// What changed with it.
    pub(super) changes: Vec<String>,
}

impl Incident {
    /// With at most so many updates.
    pub(super) fn new(entry: &Entry, scene: &Scene<'_>, links: &Links, updates: usize) -> Self {
        let zone = &scene.shown.time_zone;
        let affected: Vec<&str> = entry.affected.iter().map(String::as_str).collect();
        // A postmortem stands apart from them.
        let said_in_it = entry.updates.iter();
        let said_in_it = said_in_it.filter(|it| it.stage != Stage::Postmortem);
        let left_out = said_in_it.clone().count().saturating_sub(updates);
        let last = said_in_it.rev().take(updates);
        Self {
            name: entry.name.clone(),
            link: links.incident(entry.incident),
            impact: impact_label(entry.impact),
            impact_class: impact_word(entry.impact),
            stage: stage_label(entry.stage),
            began: Time::new(zone, entry.began),
            published: Time::new(zone, published_at(entry)),
            ended: entry.resolved_at.map(|at| Time::new(zone, at)),
            until: (entry.resolved_at).map(|at| Time::end(zone, entry.began, at)),
            affected: affected.join(", "),
            updates: last.map(|it| said(it, scene)).collect(),
            left_out,
            postmortem: entry.stage == Stage::Postmortem,
        }
    }
}

fn said(update: &Update, scene: &Scene<'_>) -> Said {
    let changes = update.components.iter().map(|(name, (from, to))| {
        let (from, to) = (state_label(*from), state_label(*to));
        format!("{name}: {from} → {to}")
    });
    Said {
        stage: stage_label(update.stage),
        class: stage_word(update.stage),
        at: Time::new(&scene.shown.time_zone, update.at),
        body: update.body.clone(),
        automatic: update.author == Author::Watch,
        changes: changes.collect(),
    }
}

/// A postmortem.
struct Written {
    at: Time,
    blocks: Vec<Block>,
}

#[derive(Template)]
#[template(path = "site/incident.html")]
struct IncidentPage {
    frame: Frame,
    incident: Incident,
    postmortem: Option<Written>,
}

/// An incident's own page.
pub(in crate::site) fn incident(scene: &Scene<'_>, entry: &Entry) -> Result<String, askama::Error> {
    let place = Place::Incident(entry.incident);
    let frame = Frame::new(scene, &place);
    let incident = Incident::new(entry, scene, &frame.links, UPDATES_MAX);
    let written = entry.updates.iter().rev();
    let mut written = written.filter(|it| it.stage == Stage::Postmortem);
    let postmortem = written.next().map(|it| Written {
        at: Time::new(&scene.shown.time_zone, it.at),
        blocks: blocks(&it.body, &entry.name),
    });
    IncidentPage {
        frame,
        incident,
        postmortem,
    }
    .render()
}
