//! A maintenance, in a list and alone.

use super::super::document::Scene;
use super::super::links::Links;
use super::super::place::Place;
use super::super::words::{maintenance_label, maintenance_word};
use super::{Frame, Time};
use askama::Template;
use twinline_core::watch::page::{Maintenance, MaintenanceId};

/// The most updates of one maintenance.
const UPDATES_MAX: usize = 500;

/// A maintenance as a page shows it.
pub(super) struct Work {
    pub(super) name: String,
    pub(super) link: String,
    pub(super) stage: &'static str,
    pub(super) from: Time,
    pub(super) until: Time,
    /// The same, behind when it begins.
    pub(super) end: Time,
    /// It is still under way after its time.
    pub(super) late: bool,
    pub(super) affected: String,
    /// The last first.
    pub(super) notes: Vec<Note>,
}

/// What was said.
pub(super) struct Note {
    pub(super) stage: &'static str,
    pub(super) class: &'static str,
    pub(super) at: Time,
    pub(super) body: String,
}

impl Work {
    /// With at most so many notes.
    pub(super) fn new(
        id: MaintenanceId,
        known: &Maintenance,
        scene: &Scene<'_>,
        links: &Links,
        notes: usize,
    ) -> Self {
        let zone = &scene.shown.time_zone;
        let affected: Vec<&str> = known.components.iter().map(String::as_str).collect();
        let last = known.updates.iter().rev().take(notes);
        let notes = last.map(|(at, stage, body)| Note {
            stage: maintenance_label(*stage),
            class: maintenance_word(*stage),
            at: Time::new(zone, *at),
            body: body.clone(),
        });
        Self {
            name: known.name.clone(),
            link: links.maintenance(id),
            stage: maintenance_label(known.stage),
            from: Time::new(zone, known.from),
            until: Time::new(zone, known.until),
            end: Time::end(zone, known.from, known.until),
            late: known.is_active() && scene.shown.at >= known.until,
            affected: affected.join(", "),
            notes: notes.collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "site/maintenance.html")]
struct MaintenancePage {
    frame: Frame,
    work: Work,
}

/// A maintenance's own page.
pub(in crate::site) fn maintenance(
    scene: &Scene<'_>,
    id: MaintenanceId,
    known: &Maintenance,
) -> Result<String, askama::Error> {
    let frame = Frame::new(scene, &Place::Maintenance(id));
    let work = Work::new(id, known, scene, &frame.links, UPDATES_MAX);
    MaintenancePage { frame, work }.render()
}
