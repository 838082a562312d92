//! What is true now.

use super::super::document::Scene;
use super::super::overall::overall;
use super::super::place::Place;
use super::super::words::{state_label, state_word};
use super::days::Days;
use super::incident::Incident;
use super::maintenance::Work;
use super::{Frame, Time};
use askama::Template;
use std::time::Duration;
use twinline_core::watch::page::{Component, Entry};

/// The most incidents, and the most maintenance, that stand here; the rest is in the history.
const LISTED: usize = 20;
/// The most updates of each; the rest is on its own page.
const UPDATES: usize = 5;
/// What was resolved so lately stands here too.
const LATELY: Duration = Duration::from_secs(14 * 86_400);
/// The most of these.
const LATELY_LISTED: usize = 5;

#[derive(Template)]
#[template(path = "site/overview.html")]
struct OverviewPage {
    frame: Frame,
    headline: &'static str,
    indicator: &'static str,
    open: Vec<Incident>,
    active: Vec<Work>,
    upcoming: Vec<Work>,
    groups: Vec<Group>,
    resolved: Vec<Incident>,
    as_of: Time,
}

/// Components with one heading, or one without.
struct Group {
    name: Option<String>,
    components: Vec<Part>,
}

/// A component.
struct Part {
    name: String,
    state: &'static str,
    class: &'static str,
    days: Option<Days>,
}

/// The first page.
pub(in crate::site) fn overview(scene: &Scene<'_>) -> Result<String, askama::Error> {
    let shown = scene.shown;
    let frame = Frame::new(scene, &Place::Overview);
    let overall = overall(shown);
    let (over, open): (Vec<&Entry>, Vec<&Entry>) =
        (shown.incidents().into_iter()).partition(|it| it.is_resolved());
    let lately = |it: &&&Entry| {
        let resolved = it.resolved_at;
        resolved.is_some_and(|at| shown.at.since(at) <= LATELY)
    };
    let work = |(id, it)| Work::new(id, it, scene, &frame.links, UPDATES);
    let page = OverviewPage {
        headline: overall.description,
        indicator: overall.indicator.as_str(),
        open: (open.iter().take(LISTED))
            .map(|it| Incident::new(it, scene, &frame.links, UPDATES))
            .collect(),
        active: shown.active().into_iter().take(LISTED).map(work).collect(),
        upcoming: (shown.upcoming().into_iter())
            .take(LISTED)
            .map(work)
            .collect(),
        groups: groups(scene),
        resolved: (over.iter().filter(lately).take(LATELY_LISTED))
            .map(|it| Incident::new(it, scene, &frame.links, 1))
            .collect(),
        as_of: Time::new(&shown.time_zone, shown.at),
        frame,
    };
    page.render()
}

fn groups(scene: &Scene<'_>) -> Vec<Group> {
    let groups = scene.shown.groups().into_iter();
    let groups = groups.map(|(name, components)| Group {
        name: name.map(str::to_owned),
        components: components.into_iter().map(|it| part(it, scene)).collect(),
    });
    groups.collect()
}

fn part(component: &Component, scene: &Scene<'_>) -> Part {
    let state = scene.shown.state(component);
    Part {
        name: component.name.clone(),
        state: state_label(state),
        class: state_word(state),
        days: Days::of(component, scene),
    }
}
