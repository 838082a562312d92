//! What happened in a drill, as it was recorded, and what follows from it.

use super::book::Edit;
use super::catalogue::{Answering, Notice, Spec};
use super::incident::Moments;
use super::judge::Verdict;
use super::relay::{Answer, Delivery};
use super::stage::{CONNECTIONS, MACHINES};
use super::usage::Part;
use super::watch::{Look, Said};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// The parts of a drill.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Edits began.
    pub(super) began: Instant,
    /// Edits had gone on for a while: what is before is compared with nothing.
    pub(super) warm: Instant,
    /// The fault was about to be made.
    pub(super) hit: Instant,
    /// Its last step was about to be made, where it is a series of several and what came before it is noticed too.
    pub(super) last_step: Option<Instant>,
    /// It was made.
    pub(super) made: Instant,
    /// It was about to be healed.
    pub(super) heals: Instant,
    /// It was healed.
    pub(super) healed: Instant,
}

/// A process that the fault killed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Death {
    pub(super) machine: usize,
    pub(super) role: &'static str,
    /// When it was killed.
    pub(super) at: Instant,
    /// When nothing was left of it: all its connections are cut off by then.
    pub(super) gone: Instant,
    /// When another one served in its place.
    pub(super) mended: Option<Instant>,
}

/// How long a window of [`Record::ingest`] is.
const WINDOW_S: u64 = 10;

/// Webhooks that were sent within one window, and how long their answers took.
#[derive(Serialize)]
pub(super) struct Window {
    /// Since the first edit.
    from_s: u64,
    webhooks: usize,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

/// See the module.
pub(super) struct Record {
    pub(super) spec: Spec,
    pub(super) times: Times,
    /// What the processes used, by part.
    pub(super) usage: Vec<Part>,
    pub(super) edits: Vec<Edit>,
    pub(super) deliveries: Vec<Delivery>,
    /// Where each machine takes webhooks.
    pub(super) edges: Vec<SocketAddr>,
    pub(super) looks: Vec<Look>,
    pub(super) verdict: Verdict,
    /// What a person would have had to start again, a sentence each.
    pub(super) restarts: Vec<String>,
    /// Processes that others have taken the place of.
    pub(super) replaced: usize,
    /// When people were called and told, where that is part of the drill.
    pub(super) incident: Option<Moments>,
    /// The processes that the fault killed.
    pub(super) deaths: Vec<Death>,
    /// What the fault's own checks found.
    pub(super) wrong: Vec<String>,
}

impl Record {
    /// From when on the fault can be noticed, and its healing, where it heals itself.
    pub(super) fn fault_from(&self) -> Instant {
        self.times.last_step.unwrap_or(self.times.hit)
    }

    /// Until every machine said what is wrong; `None`: it did not before the fault was healed.
    pub(super) fn detected(&self) -> Option<Duration> {
        let from = self.fault_from();
        noticed(self.spec.notice, &self.looks, from, self.times.heals).map(|at| at - from)
    }

    /// From when recovery is counted; `None`: what has to come before did not.
    fn recovers_from(&self) -> Option<Instant> {
        if self.spec.heals_itself {
            self.detected().map(|_| self.fault_from())
        } else {
            Some(self.times.healed)
        }
    }

    /// Until the replica was up to date and every edit made before had arrived.
    pub(super) fn recovered(&self) -> Option<Duration> {
        let from = self.recovers_from()?;
        let after = match (self.spec.heals_itself, self.detected()) {
            (true, Some(detected)) => from + detected,
            _ => from,
        };
        let well = well_again(&self.looks, after)?;
        let before = self.edits.iter().filter(|edit| edit.at < from);
        let arrived: Option<Vec<Instant>> = before.map(|edit| edit.arrived).collect();
        let last = arrived?.into_iter().max().unwrap_or(from);
        Some(well.max(last).saturating_duration_since(from))
    }

    /// Whether it was well again before the fault was healed.
    pub(super) fn healed_itself(&self) -> bool {
        let from = self.recovers_from();
        let well = from.zip(self.recovered()).map(|(from, took)| from + took);
        well.is_some_and(|at| at <= self.times.heals)
    }

    /// Edits that arrived while the fault lasted.
    pub(super) fn synced_during_fault(&self) -> usize {
        let during = |at: &Instant| *at >= self.times.made && *at < self.times.heals;
        let arrived = self.edits.iter().filter_map(|edit| edit.arrived);
        arrived.filter(during).count()
    }

    fn healthy(&self) -> impl Iterator<Item = &Delivery> {
        let Times { warm, hit, .. } = self.times;
        let all = self.deliveries.iter();
        all.filter(move |one| one.at >= warm && one.at < hit)
    }

    fn during(&self) -> impl Iterator<Item = &Delivery> {
        let Times { hit, healed, .. } = self.times;
        let all = self.deliveries.iter();
        all.filter(move |one| one.at >= hit && one.at < healed)
    }

    /// The answers to webhooks over the whole drill, window by window.
    pub(super) fn ingest(&self) -> Vec<Window> {
        let began = self.times.began;
        let mut windows: BTreeMap<u64, Vec<&Delivery>> = BTreeMap::new();
        for one in self.deliveries.iter().filter(|one| one.at >= began) {
            let window = (one.at - began).as_secs() / WINDOW_S;
            windows.entry(window).or_default().push(one);
        }
        let tell = |(window, sent): (u64, Vec<&Delivery>)| Window {
            from_s: window * WINDOW_S,
            webhooks: sent.len(),
            p50_ms: percentile_ms(sent.iter().copied(), 50),
            p99_ms: percentile_ms(sent.into_iter(), 99),
        };
        windows.into_iter().map(tell).collect()
    }

    /// When what is compared with the fault's time begins and ends, in seconds since the first edit.
    pub(super) fn healthy_s(&self) -> [f64; 2] {
        let Times {
            began, warm, hit, ..
        } = self.times;
        [since(began, warm), since(began, hit)]
    }

    /// When the fault was made and healed, in seconds since the first edit.
    pub(super) fn fault_s(&self) -> [f64; 2] {
        let Times {
            began,
            made,
            healed,
            ..
        } = self.times;
        [since(began, made), since(began, healed)]
    }

    pub(super) fn p99_healthy_ms(&self) -> Option<f64> {
        percentile_ms(self.healthy(), 99)
    }

    pub(super) fn p99_fault_ms(&self) -> Option<f64> {
        percentile_ms(self.during(), 99)
    }

    /// The slowest answer to a webhook while the fault lasted; one that was given up counts with the time until then.
    pub(super) fn slowest_fault(&self) -> Option<Duration> {
        self.during().map(|one| one.took).max()
    }

    /// The longest time until another process served in the place of one that was killed; `None`: none was, or none did.
    pub(super) fn mended(&self) -> Option<Duration> {
        let each = self.deaths.iter();
        let each: Option<Vec<Duration>> =
            each.map(|death| Some(death.mended? - death.at)).collect();
        each?.into_iter().max()
    }

    /// Webhooks that failed at a time at which their edge was not being killed.
    pub(super) fn failed_alive(&self) -> usize {
        let bad = self
            .deliveries
            .iter()
            .filter(|one| one.answer == Answer::Refused);
        bad.filter(|one| !self.is_cut_off(one)).count()
    }

    /// Whether an edge was killed with this webhook in its hands.
    fn is_cut_off(&self, one: &Delivery) -> bool {
        self.deaths.iter().any(|death| {
            death.role == "edge"
                && self.edges.get(death.machine) == Some(&one.to)
                && one.at <= death.gone
                && one.at + one.took >= death.at
        })
    }

    /// Webhooks that were not accepted.
    pub(super) fn not_accepted(&self) -> usize {
        let all = self.deliveries.iter();
        all.filter(|one| one.answer != Answer::Accepted).count()
    }

    /// Everything that must hold and does not, whatever the times are.
    pub(super) fn failures(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        found.extend(self.verdict.lost.iter().cloned());
        found.extend(self.verdict.duplicated.iter().cloned());
        found.extend(self.restarts.iter().cloned());
        found.extend(self.wrong.iter().cloned());
        let mut fails = |does: bool, what: &str| {
            if does {
                found.push(what.to_owned());
            }
        };
        let is_noticed = self.spec.notice == Notice::Nothing || self.detected().is_some();
        fails(
            !is_noticed,
            "the fleet did not say what was wrong while it was",
        );
        fails(
            self.recovered().is_none(),
            "the fleet did not say that it is well again and its replicas up to date",
        );
        fails(
            self.spec.heals_itself && !self.healed_itself(),
            "the fleet was not well again before the fault was taken away",
        );
        fails(
            self.synced_during_fault() == 0,
            "no edit arrived while the fault lasted",
        );
        let early = self.times.last_step;
        fails(
            early.is_some_and(|step| !are_well(&self.looks, self.times.began, step)),
            "the fleet was not well when the last step of the fault was made: what was noticed may be an earlier one",
        );
        if !self.spec.ends_processes {
            fails(self.replaced > 0, "a process ended and was replaced");
            found.extend(self.refusals());
        }
        let failed = self.failed_alive();
        if failed > 0 && matches!(self.spec.answering, Answering::InTime { .. }) {
            found.push(format!(
                "{failed} webhooks were refused or cut off by an edge that was not killed meanwhile"
            ));
        }
        found
    }

    /// What is wrong with the answers to webhooks.
    fn refusals(&self) -> Vec<String> {
        let bad = |one: &&Delivery| one.answer != Answer::Accepted;
        let refused: Vec<&Delivery> = self.deliveries.iter().filter(bad).collect();
        let Some(machine) = self.spec.refuses else {
            let all = !refused.is_empty();
            return all
                .then(|| "webhooks were not accepted".to_owned())
                .into_iter()
                .collect();
        };
        let count = |is_so: &dyn Fn(&Delivery) -> bool| {
            let all = refused.iter().filter(|one| is_so(one));
            all.count()
        };
        let elsewhere = count(&|one| Some(&one.to) != self.edges.get(machine));
        let given_up = count(&|one| one.answer == Answer::GivenUp);
        let badly = count(&|one| one.answer == Answer::Refused && !one.is_put_off);
        let told = [
            (
                refused.is_empty(),
                "no webhook was refused: this run proves nothing".to_owned(),
            ),
            (
                elsewhere > 0,
                format!("{elsewhere} webhooks were not accepted by a machine that has nothing"),
            ),
            (
                given_up > 0,
                format!("{given_up} webhooks were not answered in time"),
            ),
            (
                badly > 0,
                format!(
                    "{badly} webhooks were refused with something else than 503 and Retry-After"
                ),
            ),
        ];
        let told = told.into_iter().filter(|(is_so, _)| *is_so);
        told.map(|(_, sentence)| sentence).collect()
    }
}

/// When it was said what is wrong, looking at `looks` from an instant on, until another.
pub(super) fn noticed(
    notice: Notice,
    looks: &[Look],
    from: Instant,
    until: Instant,
) -> Option<Instant> {
    let mut last: [Option<Said>; MACHINES] = [None; MACHINES];
    let (mut failed, mut met) = ([false; MACHINES], [false; MACHINES]);
    for look in looks
        .iter()
        .filter(|look| look.at >= from && look.at < until)
    {
        last[look.machine] = look.said;
        let fails = |said: Said| said.commits == Some(false) || said.reads == Some(false);
        let stalls = |said: Said| fails(said) || said.replicas == Some(false);
        failed[look.machine] |= look.said.is_some_and(fails);
        met[look.machine] |= look.said.is_some_and(stalls);
        let every = |so: &dyn Fn(Said) -> bool| last.iter().all(|said| said.is_some_and(so));
        let is_so = match notice {
            Notice::CommitsOnly => {
                every(&|said| said.commits == Some(false) && said.reads == Some(true))
            }
            Notice::Commits => every(&|said| said.commits == Some(false)),
            Notice::All => every(&|said| said.commits == Some(false) && said.reads == Some(false)),
            Notice::Trouble => failed.iter().all(|did| *did),
            Notice::ShortTrouble => failed.contains(&true) && met.iter().all(|did| *did),
            Notice::Replicas => every(&|said| {
                said.replicas == Some(false)
                    && (said.commits, said.reads) == (Some(true), Some(true))
            }),
            Notice::Moved => look.said.is_some_and(|said| said.groups == CONNECTIONS),
            Notice::Store => look.said.is_some_and(|said| !said.stores),
            Notice::Nothing => false,
        };
        if is_so {
            return Some(look.at);
        }
    }
    None
}

/// When every machine answered, said that the database is well, and all replicas were up to date.
pub(super) fn well_again(looks: &[Look], from: Instant) -> Option<Instant> {
    let mut last: [Option<Said>; MACHINES] = [None; MACHINES];
    for look in looks.iter().filter(|look| look.at >= from) {
        last[look.machine] = look.said;
        let well = |said: &Said| {
            said.stores && ![said.reads, said.commits, said.replicas].contains(&Some(false))
        };
        let sum = |count: fn(&Said) -> usize| last.iter().flatten().map(count).sum::<usize>();
        if last.iter().all(|said| said.as_ref().is_some_and(well))
            && sum(|said| said.groups) == CONNECTIONS
            && sum(|said| said.up_to_date) == CONNECTIONS
        {
            return Some(look.at);
        }
    }
    None
}

/// Whether nothing was wrong by what every machine had said last since an instant, and before another.
pub(super) fn are_well(looks: &[Look], from: Instant, until: Instant) -> bool {
    let mut last: [Option<Said>; MACHINES] = [None; MACHINES];
    for look in looks
        .iter()
        .filter(|look| look.at >= from && look.at < until)
    {
        last[look.machine] = look.said;
    }
    let well = |said: &Said| said.stores && ![said.reads, said.commits].contains(&Some(false));
    last.iter().all(|said| said.as_ref().is_some_and(well))
}

fn percentile_ms<'a>(
    deliveries: impl Iterator<Item = &'a Delivery>,
    percent: usize,
) -> Option<f64> {
    let mut all: Vec<Duration> = deliveries.map(|one| one.took).collect();
    all.sort_unstable();
    let last = all.len().checked_sub(1)?;
    Some((all[last * percent / 100].as_secs_f64() * 10_000.0).round() / 10.0)
}

/// In seconds, to a tenth.
fn since(began: Instant, at: Instant) -> f64 {
    (at.saturating_duration_since(began).as_secs_f64() * 10.0).round() / 10.0
}

#[cfg(test)]
#[path = "record_tests.rs"]
pub(super) mod tests;
