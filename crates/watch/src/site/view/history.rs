//! What was: incidents and maintenance by month.

use super::super::document::Scene;
use super::super::place::Place;
use super::super::shown::published_at;
use super::Frame;
use super::incident::Incident;
use super::maintenance::Work;
use askama::Template;
use twinline_core::time::Timestamp;
use twinline_core::watch::page::MaintenanceStage;

/// The most that is listed.
const LISTED: usize = 300;

#[derive(Template)]
#[template(path = "site/history.html")]
struct HistoryPage {
    frame: Frame,
    months: Vec<Month>,
    left_out: usize,
}

/// What began in one month, the last first.
struct Month {
    name: String,
    things: Vec<Thing>,
}

enum Thing {
    Incident(Box<Incident>),
    Work(Box<Work>),
}

/// The history page.
pub(in crate::site) fn history(scene: &Scene<'_>) -> Result<String, askama::Error> {
    let shown = scene.shown;
    let frame = Frame::new(scene, &Place::History);
    let incidents = shown.incidents().into_iter().map(|it| {
        let incident = Incident::new(it, scene, &frame.links, 1);
        (published_at(it), Thing::Incident(Box::new(incident)))
    });
    let works = shown.maintenances().into_iter();
    let works = works.filter(|(_, it)| it.stage == MaintenanceStage::Completed);
    let works = works.map(|(id, it)| {
        let work = Work::new(id, it, scene, &frame.links, 1);
        (it.from, Thing::Work(Box::new(work)))
    });
    let mut all: Vec<(Timestamp, Thing)> = incidents.chain(works).collect();
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let left_out = all.len().saturating_sub(LISTED);
    let mut months: Vec<Month> = Vec::new();
    for (at, thing) in all.into_iter().take(LISTED) {
        let name = shown.time_zone.month(at);
        match months.last_mut() {
            Some(last) if last.name == name => last.things.push(thing),
            _ => months.push(Month {
                name,
                things: vec![thing],
            }),
        }
    }
    let page = HistoryPage {
        frame,
        months,
        left_out,
    };
    page.render()
}
