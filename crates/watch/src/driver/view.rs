//! What people are shown of incidents.

use super::journal::Entry;
use super::letter::headline;
use super::machines::Machines;
use super::record::{Note, Record, Standing};
use serde::Serialize;
use twinline_core::time::Timestamp;
use twinline_core::watch::element::Element;
use twinline_core::watch::incident::{Impact, IncidentId};
use twinline_core::watch::page::postmortem::{self, Course};
use twinline_core::watch::page::{self, Publication};
use twinline_core::watch::probe;
use twinline_core::watch::signal::Severity;

/// All incidents, the newest first, and what there is to say beside.
#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    /// Incidents.
    pub incidents: Vec<Shown>,
    /// What is probed.
    pub probes: Vec<Probed>,
    /// Whether nobody can be called at all.
    pub nobody_to_call: bool,
    /// Channels that cannot be used, each with the reason.
    pub unusable_channels: std::collections::BTreeMap<String, String>,
}

/// One subject of one probe.
#[derive(Clone, Debug, Serialize)]
pub struct Probed {
    /// The probe.
    pub probe: String,
    /// What it tells of.
    pub subject: Element,
    /// What it says.
    pub standing: probe::Standing,
    /// Since when.
    pub since: Timestamp,
}

/// One incident.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// Its number.
    pub incident: IncidentId,
    /// What is wrong, in one line.
    pub headline: String,
    /// What explains it.
    pub element: Element,
    /// The worst that it was.
    pub severity: Severity,
    /// When it began.
    pub opened_at: Timestamp,
    /// Where it is.
    #[serde(flatten)]
    pub standing: Standing,
    /// Since when it is there.
    pub since: Timestamp,
    /// How often it came back.
    pub reopened: u32,
    /// What fails in it now.
    pub failing: Vec<Element>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// The other machine whose watch was told so; none where this one was.
    pub acknowledged_with: Option<String>,
    /// When.
    pub acknowledged_at: Option<Timestamp>,
    /// When somebody is called next, if nobody acknowledges before.
    pub next_page_at: Option<Timestamp>,
}

/// One incident with all that happened in it.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    /// The incident.
    #[serde(flatten)]
    pub shown: Shown,
    /// Why each fails, in one line.
    pub summaries: Vec<String>,
    /// What people wrote down.
    pub notes: Vec<Note>,
    /// What happened, the oldest first.
    pub journal: Vec<Entry>,
    /// Who was called, and who reported.
    pub course: Course,
    /// How it is on the status page; none where it is not known there.
    pub page: Option<OnPage>,
    /// A beginning for whoever writes the postmortem, in Markdown, once a person has resolved what the public read of.
    pub postmortem_draft: Option<String>,
}

/// An incident on the status page.
#[derive(Clone, Debug, Serialize)]
pub struct OnPage {
    /// Whether the public reads it: `unasked`, `waiting`, `vetoed` or `published`.
    pub publication: &'static str,
    /// When it is published by itself, while it waits for that.
    pub publishes_at: Option<Timestamp>,
    /// Since when the public reads it.
    pub published_at: Option<Timestamp>,
    /// Who keeps it from the page.
    pub vetoed_by: Option<String>,
    /// Why.
    pub veto_reason: Option<String>,
    /// Its headline; empty until it is published.
    pub name: String,
    /// How far it is.
    pub stage: page::Stage,
    /// How much it takes away.
    pub impact: Impact,
    /// Components whose state it has changed.
    pub affected: Vec<String>,
    /// What the public read, the oldest first.
    pub updates: Vec<page::Update>,
}

fn on_page(entry: &page::Entry) -> OnPage {
    let mut shown = OnPage {
        publication: "unasked",
        publishes_at: None,
        published_at: None,
        vetoed_by: None,
        veto_reason: None,
        name: entry.name.clone(),
        stage: entry.stage,
        impact: entry.impact,
        affected: entry.affected.iter().cloned().collect(),
        updates: entry.updates.clone(),
    };
    match &entry.publication {
        Publication::Unasked => {}
        Publication::Waiting { until } => {
            shown.publication = "waiting";
            shown.publishes_at = Some(until.due());
        }
        Publication::Vetoed { by, reason } => {
            shown.publication = "vetoed";
            shown.vetoed_by = Some(by.clone());
            shown.veto_reason = Some(reason.clone());
        }
        Publication::Published { at } => {
            shown.publication = "published";
            shown.published_at = Some(*at);
        }
    }
    shown
}

/// All that is probed.
pub(super) fn probed(machines: &Machines) -> Vec<Probed> {
    let known = machines.probes.values();
    let shown = known.map(|known| Probed {
        probe: known.probe.clone(),
        subject: known.subject.clone(),
        standing: known.verdict.standing(),
        since: known.verdict.since(),
    });
    shown.collect()
}

/// One incident as it is now.
pub(super) fn shown(record: &Record, machines: &Machines) -> Shown {
    let known = machines.book.incident(record.incident);
    let failing = known.map(|it| it.failing.iter().cloned().collect());
    let acknowledged = record.acknowledged.as_ref();
    Shown {
        incident: record.incident,
        headline: headline(record, machines),
        element: record.element.clone(),
        severity: record.severity,
        opened_at: record.opened,
        standing: record.standing.clone(),
        since: record.since,
        reopened: record.reopened,
        failing: failing.unwrap_or_default(),
        acknowledged_by: acknowledged.map(|(by, _)| by.0.clone()),
        acknowledged_with: record.acknowledged_with().map(str::to_owned),
        acknowledged_at: acknowledged.map(|(_, at)| *at),
        next_page_at: machines.paging.next_page(record.incident),
    }
}

/// One incident with all that happened in it.
pub(super) fn detail(record: &Record, machines: &Machines, journal: Vec<Entry>) -> Detail {
    let shown = shown(record, machines);
    let said = shown.failing.iter();
    let said = said.filter_map(|it| machines.why(it));
    let entry = machines.status.entry(record.incident);
    Detail {
        course: record.course.clone(),
        page: entry.map(on_page),
        postmortem_draft: entry.and_then(|it| postmortem::draft(it, &record.course)),
        summaries: said.collect(),
        notes: record.notes.clone(),
        journal,
        shown,
    }
}
