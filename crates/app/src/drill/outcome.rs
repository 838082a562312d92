//! The answer of a drill: one JSON document, or a table with the goals.

use super::catalogue::{Answering, Notice};
use super::incident;
use super::record::Record;
use super::stage::{CONNECTIONS, GIVE_UP, MACHINES};
use crate::exit;
use crate::report::{Report, Table};
use anyhow::Result;
use serde_json::json;
use std::time::Duration;

/// The goal for answers to webhooks: during the fault, as a multiple of before.
const RATIO_MAX: f64 = 1.2;
/// The goals for the first page, from the fault on, and for the status page, from the declaration on.
const PAGE_MAX: Duration = Duration::from_secs(10);
const STATUS_PAGE_MAX: Duration = Duration::from_secs(30);
/// So many sentences on what is wrong are told.
const TOLD_MAX: usize = 20;

/// How a drill was asked for.
pub(super) struct Asked {
    pub(super) strict: bool,
    pub(super) seconds: u64,
    /// For how long the edits before the fault count.
    pub(super) healthy_s: u64,
    pub(super) per_s: u32,
}

/// One line of the table.
struct Goal {
    what: &'static str,
    seen: String,
    goal: String,
    /// `None`: shown, not judged.
    holds: Option<bool>,
    /// A matter of time, judged by `--strict` only.
    is_time: bool,
}

/// The answer.
pub(super) fn report(record: &Record, asked: &Asked) -> Result<Report> {
    let mut failures = record.failures();
    let goals = goals(record);
    let missed = |goal: &&Goal| asked.strict && goal.is_time && goal.holds == Some(false);
    for goal in goals.iter().filter(missed) {
        failures.push(format!(
            "{}: {}, the goal is {}",
            goal.what, goal.seen, goal.goal
        ));
    }
    let ok = failures.is_empty();
    let more = failures.len().saturating_sub(TOLD_MAX);
    failures.truncate(TOLD_MAX);
    if more > 0 {
        failures.push(format!("and {more} more"));
    }
    let (moments, fault) = (record.incident.as_ref(), record.fault_from());
    let document = json!({
        "drill": record.spec.name,
        "ok": ok,
        "lost": record.verdict.lost.len(),
        "duplicated": record.verdict.duplicated.len(),
        "detect_ms": record.detected().map(millis),
        "page_ms": moments.and_then(|it| it.page(fault)).map(millis),
        "status_page_ms": moments.and_then(|it| it.status_page()).map(millis),
        "incident": moments.map(|it| incident::keys(it, fault)),
        "recover_ms": record.recovered().map(millis),
        "restarts": record.restarts.len(),
        "p99_healthy_ms": record.p99_healthy_ms(),
        "p99_fault_ms": record.p99_fault_ms(),
        "slowest_fault_ms": record.slowest_fault().map(millis),
        "killed": record.deaths.len(),
        "mended_ms": record.mended().map(millis),
        "ingest": record.ingest(),
        "healthy_s": record.healthy_s(),
        "fault_s": record.fault_s(),
        "usage": record.usage,
        "synced_during_fault": record.synced_during_fault(),
        "mode": record.spec.mode,
        "strict": asked.strict,
        "seconds": asked.seconds,
        "per_s": asked.per_s,
        "machines": MACHINES,
        "nodes": CONNECTIONS * 2,
        "connections": CONNECTIONS,
        "twins": record.verdict.twins,
        "edits": record.edits.len(),
        "webhooks": record.deliveries.len(),
        "webhooks_not_accepted": record.not_accepted(),
        "replaced": record.replaced,
        "release": !cfg!(debug_assertions),
        "failures": failures,
    });
    let code = if ok { exit::OK } else { exit::FAILED };
    Ok(Report::done(&document, text(record, &goals, &failures, ok))?.with_code(code))
}

/// Something comes within a time.
fn time(what: &'static str, seen: Option<Duration>, max: Duration) -> Goal {
    Goal {
        what,
        seen: seen.map_or_else(|| "–".to_owned(), seconds),
        goal: format!("≤ {}", seconds(max)),
        holds: Some(seen.is_some_and(|seen| seen <= max)),
        is_time: true,
    }
}

fn goals(record: &Record) -> Vec<Goal> {
    let count = |what, seen: usize, wished: bool, goal: &str| Goal {
        what,
        seen: seen.to_string(),
        goal: goal.to_owned(),
        holds: Some(wished),
        is_time: false,
    };
    let (lost, doubled) = (record.verdict.lost.len(), record.verdict.duplicated.len());
    let synced = record.synced_during_fault();
    let mut all = vec![
        count("lost", lost, lost == 0, "0"),
        count("duplicated", doubled, doubled == 0, "0"),
        count(
            "restarts by a person",
            record.restarts.len(),
            record.restarts.is_empty(),
            "0",
        ),
        count(
            "edits that arrived during the fault",
            synced,
            synced > 0,
            "> 0",
        ),
    ];
    if record.spec.notice != Notice::Nothing {
        let max = record.spec.detect_max;
        all.push(time("noticed after", record.detected(), max));
    }
    if let Some(moments) = &record.incident {
        let page = moments.page(record.fault_from());
        all.push(time("first page", page, PAGE_MAX));
        let public = moments.status_page();
        all.push(time(
            "status page, after detection",
            public,
            STATUS_PAGE_MAX,
        ));
    }
    let what = if record.spec.heals_itself {
        "up to date after the fault"
    } else {
        "up to date after the healing"
    };
    all.push(time(what, record.recovered(), record.spec.recover_max));
    all.extend(answers(record));
    all
}

/// What is asked of the answers to webhooks.
fn answers(record: &Record) -> Vec<Goal> {
    let (healthy, fault) = (record.p99_healthy_ms(), record.p99_fault_ms());
    let ratio = healthy.zip(fault).map(|(healthy, fault)| fault / healthy);
    let shown = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"));
    let mut all = vec![Goal {
        what: "p99 of the answers to webhooks",
        seen: format!("{}, before {}", shown(fault), shown(healthy)),
        goal: format!("≤ {RATIO_MAX} × before"),
        holds: Some(ratio.is_some_and(|ratio| ratio <= RATIO_MAX)),
        is_time: true,
    }];
    if let Answering::InTime { mended_max } = record.spec.answering {
        // An edge that has ended answers when the next one has begun: no time of before compares to that.
        all[0].goal = "–".to_owned();
        all[0].holds = None;
        let slowest = record.slowest_fault();
        all.push(time("slowest answer to a webhook", slowest, GIVE_UP));
        let what = "a killed process is replaced after";
        all.push(time(what, record.mended(), mended_max));
        let failed = record.failed_alive();
        all.push(Goal {
            what: "webhooks that failed at an edge that was not killed meanwhile",
            seen: failed.to_string(),
            goal: "0".to_owned(),
            holds: Some(failed == 0),
            is_time: false,
        });
    }
    let may_refuse = record.spec.ends_processes || record.spec.refuses.is_some();
    all.push(Goal {
        what: "webhooks not accepted",
        seen: format!("{} of {}", record.not_accepted(), record.deliveries.len()),
        goal: if may_refuse { "–" } else { "0" }.to_owned(),
        holds: (!may_refuse).then(|| record.not_accepted() == 0),
        is_time: false,
    });
    all
}

fn text(record: &Record, goals: &[Goal], failures: &[String], ok: bool) -> String {
    let mut table = Table::new(["", "SEEN", "GOAL", ""]);
    for goal in goals {
        let holds = match goal.holds {
            None => "",
            Some(true) => "met",
            Some(false) => "missed",
        };
        table.row([
            goal.what.to_owned(),
            goal.seen.clone(),
            goal.goal.clone(),
            holds.to_owned(),
        ]);
    }
    let debug = if cfg!(debug_assertions) {
        "This is a debug build: its times say little.\n"
    } else {
        ""
    };
    let end = if ok { "holds" } else { "does not hold" };
    let told = record.incident.as_ref();
    let told = told.map_or_else(String::new, |it| incident::text(record, it));
    let mut text = format!("\n{told}{}{debug}{} {end}.", table.text(), record.spec.name);
    for failure in failures {
        text.push_str("\n- ");
        text.push_str(failure);
    }
    text
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
