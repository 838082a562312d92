//! A postmortem's beginning: what is known of an incident that is over, for a person to go on with. The public reads
//! nothing of it until that person publishes.

use super::component::ComponentState;
use super::entry::{Author, Entry, Publication};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// How an incident went, beside what the public read: who was called, and who reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Course {
    /// Pages about it that were to go out.
    pub pages: u32,
    /// When the first one was.
    pub paged: Option<Timestamp>,
    /// Steps of an escalation that began.
    pub steps: u32,
    /// When the second one did, since nobody had acknowledged.
    pub stepped: Option<Timestamp>,
    /// Who acknowledged first, and when.
    pub acknowledged: Option<(String, Timestamp)>,
    /// Reports that belong to it.
    pub reports: u32,
    /// How often it came back.
    pub reopened: u32,
}

/// What a draft says of itself. Nothing that has it is published.
pub(super) const DRAFT: &str = "A draft: what is known. The public reads nothing of it.";

/// The worst state of a component, and how long it was not operational.
type Outages = BTreeMap<String, (ComponentState, Duration)>;

/// The draft, in Markdown; none of what the public never read, and before a person says that it is over.
pub fn draft(entry: &Entry, course: &Course) -> Option<String> {
    let Publication::Published { at: published } = entry.publication else {
        return None;
    };
    let over = entry.resolved_at.filter(|_| entry.is_resolved())?;
    let mut text = format!("# {}\n\n{DRAFT}\n\n## Impact\n\n", entry.name);
    // Writing to a string does not fail.
    let mut line = |what: String| {
        let _fine = writeln!(text, "{what}");
    };
    line(format!(
        "- {} to {}: {}.",
        entry.began,
        over,
        lasted(over.since(entry.began))
    ));
    for (component, (worst, lasting)) in outages(entry, over) {
        line(format!("- {component}: {worst}, for {}.", lasted(lasting)));
    }
    line("\n## Figures\n".to_owned());
    for (what, seen) in figures(entry, course, published, over) {
        line(format!("- {what}: {seen}"));
    }
    line("\n## Timeline\n".to_owned());
    for (at, what) in timeline(entry, course) {
        line(format!("- {at}: {what}"));
    }
    line(
        "\n## To be written\n\n- What happened, and why.\n- What kept it from being noticed, told or healed sooner.\n\
         - What is done about it, by whom, until when."
            .to_owned(),
    );
    Some(text)
}

fn figures(
    entry: &Entry,
    course: &Course,
    published: Timestamp,
    over: Timestamp,
) -> Vec<(&'static str, String)> {
    let after = |at: Option<Timestamp>| match at {
        Some(at) => format!("{} after detection", lasted(at.since(entry.began))),
        None => "never".to_owned(),
    };
    let acknowledged = course.acknowledged.as_ref().map(|(_, at)| *at);
    vec![
        ("first page", after(course.paged)),
        ("second step", after(course.stepped)),
        ("acknowledged", after(acknowledged)),
        ("on the status page", after(Some(published))),
        ("nothing failed any more", after(entry.monitoring_at)),
        ("resolved", after(Some(over))),
        ("pages", course.pages.to_string()),
        ("steps of the escalation", course.steps.to_string()),
        ("reports", course.reports.to_string()),
        ("came back", format!("{} times", course.reopened)),
    ]
}

/// What happened, the oldest first; of the same instant, in the order of its causes.
fn timeline(entry: &Entry, course: &Course) -> Vec<(Timestamp, String)> {
    let mut all = vec![(entry.began, format!("detected: {}", entry.element))];
    all.extend(course.paged.map(|at| (at, "the first page".to_owned())));
    let second = "nobody had acknowledged: the second step".to_owned();
    all.extend(course.stepped.map(|at| (at, second)));
    let acknowledged = course.acknowledged.iter();
    all.extend(acknowledged.map(|(by, at)| (*at, format!("{by} acknowledged"))));
    all.extend(entry.updates.iter().map(|update| {
        let who = match &update.author {
            Author::Watch => "the page",
            Author::Person(name) => name,
        };
        let body = update.body.replace('\n', " ");
        (update.at, format!("{who}: {body}"))
    }));
    all.sort_by_key(|(at, _)| *at);
    all
}

/// From the changes that the updates tell of. What was not told to be well again is not until it was over.
fn outages(entry: &Entry, over: Timestamp) -> Outages {
    let mut outages = Outages::new();
    let mut since: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for update in &entry.updates {
        for (component, (_, to)) in &update.components {
            if *to == ComponentState::Operational {
                if let Some(from) = since.remove(component.as_str()) {
                    let known = outages.entry(component.clone()).or_default();
                    known.1 += update.at.since(from);
                }
                continue;
            }
            since.entry(component).or_insert(update.at);
            let known = outages.entry(component.clone()).or_default();
            known.0 = known.0.max(*to);
        }
    }
    for (component, from) in since {
        let known = outages.entry(component.to_owned()).or_default();
        known.1 += over.since(from);
    }
    outages
}

/// To a second; under ten, to a tenth.
fn lasted(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0..10) => format!("{:.1} s", duration.as_secs_f64()),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
