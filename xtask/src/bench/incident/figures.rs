//! The figures of one run, from what was recorded.

use super::story::{Answer, Delivery, Phase, Shown, Story};
use crate::bench::{f64_of, rounded};
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;

/// How long an answer may take that counts as one of a service in health.
const PROMPT: Duration = Duration::from_secs(1);

/// One figure for each phase.
#[derive(Debug, Serialize)]
pub(super) struct Phases<T> {
    pub(super) before: T,
    pub(super) during: T,
    pub(super) after: T,
}

impl<T> Phases<T> {
    fn of(figure: impl Fn(Phase) -> T) -> Self {
        Self {
            before: figure(Phase::Before),
            during: figure(Phase::During),
            after: figure(Phase::After),
        }
    }
}

/// Webhooks that were sent in a phase.
#[derive(Debug, Serialize)]
pub(super) struct Deliveries {
    pub(super) sent: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) given_up: u64,
    /// Of all; what was given up counts with the time after which it was.
    pub(super) p99_ms: Option<f64>,
}

/// Edits that were made in a phase.
#[derive(Debug, Serialize)]
pub(super) struct Edits {
    pub(super) made: u64,
    pub(super) arrived: u64,
    pub(super) lost: u64,
    /// From the edit to its sight on the other side, of those that arrived.
    pub(super) p99_ms: Option<f64>,
}

/// What the health page showed while commits hung, in looks of a second each.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    pub(super) green: u64,
    pub(super) red: u64,
    pub(super) unanswered: u64,
    /// From the fault to the first look that was not green.
    pub(super) not_green_after_s: Option<f64>,
}

/// What one second had.
#[derive(Debug, Serialize)]
pub(super) struct Second {
    pub(super) sent: u64,
    /// Answered with 2xx in that second, whenever it was sent.
    pub(super) accepted: u64,
}

/// All figures of one run.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) deliveries: Phases<Deliveries>,
    pub(super) edits: Phases<Edits>,
    pub(super) lost: u64,
    /// Of the lost ones: made on GitHub, which sends a webhook once.
    pub(super) lost_of_github: u64,
    /// Items that have another title than their twins at the end.
    pub(super) apart: usize,
    pub(super) health: Health,
    /// From the healing until every delivery was accepted within a second again, in whole seconds; null: not in this run.
    pub(super) accepting_s: Option<f64>,
    /// From the healing until every edit that was made before it had arrived; null: never.
    pub(super) arrived_s: Option<f64>,
    /// The later of both.
    pub(super) recovery_s: Option<f64>,
    /// When the commits began to hang, and when they were let go, in seconds of the run.
    pub(super) hung_s: f64,
    pub(super) healed_s: f64,
    pub(super) seconds: Vec<Second>,
}

impl Figures {
    pub(super) fn of(story: &Story) -> Self {
        let (times, edits) = (&story.times, &story.edits);
        let lost = edits.iter().filter(|edit| edit.arrived.is_none());
        let accepting_s = accepting_s(story);
        let arrived_s = arrived_s(story);
        Self {
            deliveries: Phases::of(|phase| deliveries(story, phase)),
            edits: Phases::of(|phase| edits_of(story, phase)),
            lost: count(lost.clone()),
            lost_of_github: count(lost.filter(|edit| edit.side == 0)),
            apart: story.apart,
            health: health(story),
            accepting_s,
            arrived_s,
            recovery_s: accepting_s.zip(arrived_s).map(|(a, b)| a.max(b)),
            hung_s: seconds(times.hung - times.began),
            healed_s: seconds(times.healed - times.began),
            seconds: by_second(story),
        }
    }
}

fn count<T>(all: impl Iterator<Item = T>) -> u64 {
    all.count() as u64
}

fn seconds(time: Duration) -> f64 {
    rounded(time.as_secs_f64())
}

fn p99_ms(times: impl Iterator<Item = Duration>) -> Option<f64> {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let at = (times.len() * 99).div_ceil(100).checked_sub(1)?;
    Some(rounded(times.get(at)?.as_secs_f64() * 1000.0))
}

fn deliveries(story: &Story, phase: Phase) -> Deliveries {
    let all = story.deliveries.iter();
    let all = all.filter(|delivery| story.times.phase(delivery.at) == Some(phase));
    let with = |answer| count(all.clone().filter(|delivery| delivery.answer == answer));
    Deliveries {
        sent: count(all.clone()),
        accepted: with(Answer::Accepted),
        refused: with(Answer::Refused),
        given_up: with(Answer::GivenUp),
        p99_ms: p99_ms(all.clone().map(|delivery| delivery.took)),
    }
}

fn edits_of(story: &Story, phase: Phase) -> Edits {
    let all = story.edits.iter();
    let all = all.filter(|edit| story.times.phase(edit.at) == Some(phase));
    let took = |edit: &super::book::Edit| Some(edit.arrived? - edit.at);
    let (made, arrived) = (count(all.clone()), count(all.clone().filter_map(took)));
    Edits {
        made,
        arrived,
        lost: made - arrived,
        p99_ms: p99_ms(all.filter_map(took)),
    }
}

fn health(story: &Story) -> Health {
    let looks = story.probes.iter();
    let looks = looks.filter(|probe| story.times.phase(probe.at) == Some(Phase::During));
    let shown = |shown| count(looks.clone().filter(|probe| probe.shown == shown));
    let worse = looks.clone().filter(|probe| probe.shown != Shown::Green);
    Health {
        green: shown(Shown::Green),
        red: shown(Shown::Red),
        unanswered: shown(Shown::Nothing),
        not_green_after_s: worse
            .map(|probe| probe.at - story.times.hung)
            .min()
            .map(seconds),
    }
}

/// The second after the last one in which a delivery was not accepted promptly.
fn accepting_s(story: &Story) -> Option<f64> {
    let times = &story.times;
    let whole_seconds = (times.ended - times.healed).as_secs();
    let end = times.healed + Duration::from_secs(whole_seconds);
    let after = story
        .deliveries
        .iter()
        .filter(|delivery| delivery.at >= times.healed && delivery.at < end);
    // A run in which nothing is sent any more shows nothing.
    after.clone().next()?;
    let bad = |delivery: &&Delivery| delivery.answer != Answer::Accepted || delivery.took > PROMPT;
    let last_bad = after.filter(bad).map(|delivery| delivery.at).max();
    let accepting = last_bad.map_or(0, |at| (at - times.healed).as_secs() + 1);
    (accepting < whole_seconds).then(|| f64_of(accepting))
}

fn arrived_s(story: &Story) -> Option<f64> {
    let healed = story.times.healed;
    let made_before = story.edits.iter().filter(|edit| edit.at < healed);
    let arrived: Option<Vec<Instant>> = made_before.map(|edit| edit.arrived).collect();
    let last = arrived?.into_iter().max()?;
    Some(seconds(last.saturating_duration_since(healed)))
}

fn by_second(story: &Story) -> Vec<Second> {
    let times = &story.times;
    let second = |at: Instant| at.saturating_duration_since(times.began).as_secs();
    let all = story.deliveries.iter();
    let all = all.filter(|delivery| delivery.at >= times.began);
    let accepted = all
        .clone()
        .filter(|delivery| delivery.answer == Answer::Accepted);
    (0..=second(times.ended))
        .map(|number| Second {
            sent: count(all.clone().filter(|one| second(one.at) == number)),
            accepted: count(
                accepted
                    .clone()
                    .filter(|one| second(one.at + one.took) == number),
            ),
        })
        .collect()
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
