//! What this process has measured of running backfills, and of what else uses their nodes. Lost with the process without
//! harm: until there is enough of it again, no finish is named.

use crate::pace::Pace;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::item::ItemId;
use twinline_core::names::NodeName;
use twinline_core::progress::{self, Allowance, Limit, Requests};
use twinline_core::queue::Lane;

/// What people's changes need is measured over this much of the recent past.
const WINDOW: Duration = Duration::from_secs(3600);
const SLICE: Duration = Duration::from_secs(300);
/// Where less is known of the past, as if nothing had been needed before it: what a start needs is no rate.
const MEASURED_MIN: Duration = Duration::from_secs(900);
/// Items of one backfill whose requests are counted at once. It hands on fewer; those beyond are not counted.
const OPEN_MAX: usize = 4096;

/// Requests by node.
pub(crate) type Spent = BTreeMap<NodeName, Requests>;

/// How fast each running backfill goes, and what it costs.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    backfills: BTreeMap<Arc<str>, Measured>,
    nodes: BTreeMap<NodeName, Used>,
}

/// One backfill.
#[derive(Debug)]
struct Measured {
    pace: Pace,
    /// How many items were finished at the last look.
    finished: u64,
    /// Items that this process has finished, and their requests.
    items: u64,
    cost: Spent,
    /// The requests of items that are not finished.
    open: BTreeMap<ItemId, Open>,
    /// All its requests.
    spent: Spent,
    /// What work that can wait had used of each node when this process saw the backfill first.
    waiting_before: BTreeMap<NodeName, u64>,
}

/// An item that is not finished.
#[derive(Debug)]
struct Open {
    spent: Spent,
    /// Whether all its requests were made by this process: of one that was on its way before they say too little.
    whole: bool,
}

/// What a node was used for.
#[derive(Debug)]
struct Used {
    since: Instant,
    /// Requests of live work, by when they were made.
    live: VecDeque<(Instant, Requests)>,
    /// Requests of work that can wait, in all.
    waiting: u64,
}

/// What is known of one backfill.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) pace: progress::Pace,
    /// How many items this process has seen finished.
    pub(super) seen: u64,
    pub(super) limits: Vec<Limit>,
}

impl Paces {
    /// So many of a backfill's items are finished by now.
    pub(super) fn finished(&self, job: &str, finished: u64) {
        let now = Instant::now();
        let mut state = self.lock();
        let State { backfills, nodes } = &mut *state;
        let measured = backfills
            .entry(job.into())
            .or_insert_with(|| Measured::new(now, finished, nodes));
        let count = finished.saturating_sub(measured.finished);
        measured.finished = finished;
        measured.pace.done(now, count);
    }

    /// A backfill's work waits for room in a limit.
    pub(crate) fn held(&self, job: &str, until: Instant) {
        if let Some(measured) = self.lock().backfills.get_mut(job) {
            measured.pace.held(until);
        }
    }

    /// Work in a lane has made these requests; `of`: for which backfill and item, also where somebody's change has made it
    /// live; `begins`: whether it was the first that is done for an item.
    pub(crate) fn spent(
        &self,
        lane: Lane,
        of: Option<(&str, &ItemId)>,
        begins: bool,
        spent: Spent,
    ) {
        if spent.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut state = self.lock();
        for (node, requests) in &spent {
            let used = state.used(node, now);
            match lane {
                // Its own, which somebody's change or its own write has made live, would be counted twice.
                Lane::Live if of.is_none() => used.lives(now, *requests),
                Lane::Live | Lane::Backfill => {
                    used.waiting = used.waiting.saturating_add(requests.all())
                }
            }
        }
        if let Some((job, item)) = of
            && let Some(measured) = state.backfills.get_mut(job)
        {
            measured.spend(item, begins, spent);
        }
    }

    /// The reading of a page of a backfill has made these requests.
    pub(super) fn listed(&self, job: &str, spent: Spent) {
        let now = Instant::now();
        let mut state = self.lock();
        for (node, requests) in &spent {
            let used = state.used(node, now);
            used.waiting = used.waiting.saturating_add(requests.all());
        }
        if let Some(measured) = state.backfills.get_mut(job) {
            add(&mut measured.spent, &spent);
            add(&mut measured.cost, &spent);
        }
    }

    /// These backfills' items are finished.
    pub(crate) fn done<'a>(&self, items: impl Iterator<Item = (&'a str, &'a ItemId)>) {
        let mut items = items.peekable();
        if items.peek().is_none() {
            return;
        }
        let mut state = self.lock();
        for (job, item) in items {
            if let Some(measured) = state.backfills.get_mut(job) {
                let open = measured.open.remove(item);
                if open.as_ref().is_none_or(|open| open.whole) {
                    let spent = open.map(|open| open.spent).unwrap_or_default();
                    add(&mut measured.cost, &spent);
                    measured.items += 1;
                }
            }
        }
    }

    /// What is known of a backfill, and of these limits by node.
    pub(super) fn known(
        &self,
        job: &str,
        limits: Vec<(NodeName, Vec<Allowance>)>,
    ) -> Option<Known> {
        let now = Instant::now();
        let state = self.lock();
        let measured = state.backfills.get(job)?;
        let limits = limits.into_iter().flat_map(|(node, allowances)| {
            let used = state.nodes.get(&node);
            let share = measured.share(&node, used);
            let cost = measured.cost.get(&node).copied().unwrap_or_default();
            let (live, live_s) = used.map_or((Requests::default(), 1.0), |used| used.live_of(now));
            let open = measured
                .open
                .values()
                .filter_map(|open| open.spent.get(&node));
            let paid = open.fold(Requests::default(), |mut sum, requests| {
                sum += *requests;
                sum
            });
            let items = measured.items;
            allowances.into_iter().map(move |allowance| Limit {
                per_item: allowance.points_of(cost) / at_least_one(items),
                paid: allowance.points_of(paid),
                live_per_second: allowance.points_of(live) / live_s,
                share,
                allowance,
            })
        });
        Some(Known {
            limits: limits.collect(),
            pace: measured.pace.measured(now),
            seen: measured.items,
        })
    }

    pub(super) fn forget(&self, job: &str) {
        self.lock().backfills.remove(job);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no code panics with this lock")
    }
}

impl State {
    fn used(&mut self, node: &NodeName, now: Instant) -> &mut Used {
        self.nodes.entry(node.clone()).or_insert_with(|| Used {
            since: now,
            live: VecDeque::new(),
            waiting: 0,
        })
    }
}

impl Measured {
    fn new(now: Instant, finished: u64, nodes: &BTreeMap<NodeName, Used>) -> Self {
        let waiting = nodes
            .iter()
            .map(|(node, used)| (node.clone(), used.waiting));
        Self {
            pace: Pace::new(now),
            finished,
            items: 0,
            cost: Spent::new(),
            open: BTreeMap::new(),
            spent: Spent::new(),
            waiting_before: waiting.collect(),
        }
    }

    fn spend(&mut self, item: &ItemId, begins: bool, spent: Spent) {
        add(&mut self.spent, &spent);
        if let Some(open) = self.open.get_mut(item) {
            add(&mut open.spent, &spent);
        } else if self.open.len() < OPEN_MAX {
            let whole = begins;
            self.open.insert(item.clone(), Open { spent, whole });
        }
    }

    /// Its share of what work that can wait has used of a node since it began.
    fn share(&self, node: &NodeName, used: Option<&Used>) -> f64 {
        let before = self.waiting_before.get(node).copied().unwrap_or(0);
        let all = used.map_or(0, |used| used.waiting.saturating_sub(before));
        let own = self.spent.get(node).map_or(0, |spent| spent.all());
        if own == 0 || all <= own {
            return 1.0;
        }
        at_least_one(own) / at_least_one(all)
    }
}

impl Used {
    fn lives(&mut self, now: Instant, requests: Requests) {
        match self.live.back_mut() {
            Some((start, sum)) if *start + SLICE > now => *sum += requests,
            _ => self.live.push_back((now, requests)),
        }
        while self
            .live
            .front()
            .is_some_and(|(start, _)| *start + WINDOW <= now)
        {
            self.live.pop_front();
        }
    }

    /// The requests of recent live work, and in how many seconds they were made.
    fn live_of(&self, now: Instant) -> (Requests, f64) {
        let mut sum = Requests::default();
        let recent = self.live.iter().filter(|(start, _)| *start + WINDOW > now);
        recent.for_each(|(_, requests)| sum += *requests);
        let since = now.saturating_duration_since(self.since);
        (sum, since.clamp(MEASURED_MIN, WINDOW).as_secs_f64())
    }
}

fn add(to: &mut Spent, more: &Spent) {
    for (node, requests) in more {
        *to.entry(node.clone()).or_default() += *requests;
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count of requests or items, far below 2^52"
)]
fn at_least_one(count: u64) -> f64 {
    count.max(1) as f64
}

#[cfg(test)]
#[path = "measured_tests.rs"]
mod tests;
