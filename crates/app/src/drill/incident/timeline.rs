//! When what happened, and beside it the incident that Twinline was made against.

use super::super::record::Record;
use super::super::stage::MACHINES;
use super::crowd::Crowd;
use super::tenants::TENANTS;
use crate::report::Table;
use serde_json::{Value as Json, json};
use std::time::Duration;
use tokio::time::Instant;

/// What happened to people and watches.
#[derive(Clone, Debug, Default)]
pub(in crate::drill) struct Moments {
    /// People's requests held all places at the edges.
    pub(super) crowded: Option<Instant>,
    /// Every watch had declared it.
    pub(super) declared: Option<Instant>,
    /// All customers had been told that their reports belong to it.
    pub(super) reported: Option<Instant>,
    /// The first page arrived.
    pub(super) paged: Option<Instant>,
    /// Somebody else was called, since nobody had acknowledged.
    pub(super) stepped: Option<Instant>,
    /// Somebody had, at every watch.
    pub(super) acknowledged: Option<Instant>,
    /// Every status page told of it.
    pub(super) published: Option<Instant>,
    /// Every status page said that nothing fails any more.
    pub(super) monitoring: Option<Instant>,
    /// A person had resolved it.
    pub(super) resolved: Option<Instant>,
    /// Pages that asked somebody to look after it.
    pub(super) pages: usize,
    /// A postmortem's beginning.
    pub(super) draft: Option<String>,
}

impl Moments {
    /// Until the first page, from the fault on.
    pub(in crate::drill) fn page(&self, fault: Instant) -> Option<Duration> {
        after(self.paged, fault)
    }

    /// Until the public reads of it, from its declaration on.
    pub(in crate::drill) fn status_page(&self) -> Option<Duration> {
        after(self.published, self.declared?)
    }
}

/// Zero for what came while the fault was still being made.
fn after(at: Option<Instant>, from: Instant) -> Option<Duration> {
    Some(at?.saturating_duration_since(from))
}

fn millis(at: Option<Instant>, from: Instant) -> Option<u64> {
    u64::try_from(after(at, from)?.as_millis()).ok()
}

/// What the JSON answer tells of it: milliseconds from the fault on, and counts.
pub(in crate::drill) fn keys(moments: &Moments, fault: Instant) -> Json {
    json!({
        "crowded_ms": millis(moments.crowded, fault),
        "declared_ms": millis(moments.declared, fault),
        "reported_ms": millis(moments.reported, fault),
        "next_step_ms": millis(moments.stepped, fault),
        "acknowledged_ms": millis(moments.acknowledged, fault),
        "monitoring_ms": millis(moments.monitoring, fault),
        "resolved_ms": millis(moments.resolved, fault),
        "reports": moments.reported.map_or(0, |_| TENANTS),
        "pages": moments.pages,
        "postmortem_draft": moments.draft.is_some(),
    })
}

/// The incident of 2021 beside what happened here, and the postmortem's beginning.
pub(in crate::drill) fn text(record: &Record, moments: &Moments) -> String {
    let mut table = Table::new(["2021 (UTC+1)", "WHAT HAPPENED THEN", "WHAT HAPPENED HERE"]);
    let fault = record.fault_from();
    let at = |at: Option<Instant>| seconds(after(at, fault));
    let rows = service(record, &at, moments).into_iter();
    for (when, then, here) in rows.chain(people(record, &at, moments)) {
        table.row([when.to_owned(), then.to_owned(), here]);
    }
    let draft = moments.draft.as_deref().unwrap_or_default();
    format!("{}\n{draft}\n", table.text())
}

/// When and what then, and what here.
type Row = (&'static str, &'static str, String);

/// What became of the service.
fn service(record: &Record, at: &dyn Fn(Option<Instant>) -> String, moments: &Moments) -> [Row; 4] {
    let (refused, all) = (record.not_accepted(), record.deliveries.len());
    let (lost, doubled) = (record.verdict.lost.len(), record.verdict.duplicated.len());
    [
        (
            "Sat 22:00",
            "the central database is upgraded unattended, and fails over",
            format!("0.0 s: {}", record.spec.about),
        ),
        (
            "from then on",
            "every write hangs; requests queue up on the shared proxy",
            format!(
                "{} slow requests fill the edges after {}; {} of {all} webhooks accepted",
                MACHINES * Crowd::at_each(),
                at(moments.crowded),
                all - refused
            ),
        ),
        (
            "",
            "monitoring asks through that proxy and hangs; nobody is told",
            format!(
                "declared after {}, first page after {}; nobody acknowledges: the next person after {}, who does after {}",
                at(moments.declared),
                at(moments.paged),
                at(moments.stepped),
                at(moments.acknowledged)
            ),
        ),
        (
            "",
            "nodes miss sync and change events",
            format!(
                "{} edits arrive meanwhile; {lost} lost, {doubled} duplicated",
                record.synced_during_fault()
            ),
        ),
    ]
}

/// What customers and operators saw and did.
fn people(record: &Record, at: &dyn Fn(Option<Instant>) -> String, moments: &Moments) -> [Row; 4] {
    [
        (
            "Sun 03:00 (+5 h)",
            "customers mail; nobody can tell single reports from one incident",
            format!(
                "{TENANTS} reports joined to the incident where they arrived, and each answered so, after {}",
                at(moments.reported)
            ),
        ),
        (
            "Mon 08:03 (+34 h)",
            "the status page is opened",
            format!(
                "after {}: Administration degraded, Synchronisation operational",
                at(moments.published)
            ),
        ),
        (
            "Mon, 8 h",
            "every node is restarted, one by one",
            format!(
                "{} restarts by a person; up to date {} after the healing",
                record.restarts.len(),
                seconds(record.recovered())
            ),
        ),
        (
            "Mon 22:20 (+48 h)",
            "resolved",
            format!(
                "monitoring after {}, resolved by a person after {}",
                at(moments.monitoring),
                at(moments.resolved)
            ),
        ),
    ]
}

fn seconds(took: Option<Duration>) -> String {
    took.map_or_else(
        || "never".to_owned(),
        |it| format!("{:.1} s", it.as_secs_f64()),
    )
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
