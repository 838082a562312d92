//! Tenants' reports: how many are usual, and who says the same of what.

use super::state::Settings;
use crate::time::Timestamp;
use crate::watch::element::{Element, Kind, Path};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

/// What is usual is what the days before say, so many of them.
const USUAL_DAYS: i64 = 28;

const DAY_MS: i64 = 86_400_000;

/// The most reports that wait for an incident.
const WAITING_MAX: usize = 10_000;

/// The most reports of one tenant that are counted as lately.
const LATELY_MAX: usize = 1_000;

/// A report's id, as its source gave it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReportId(pub String);

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Somebody says that something does not work: by the form, the API, or a ticket of a connected tracker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// The workspace, when it is authenticated; none for a visitor.
    pub tenant: Option<String>,
    /// All elements that it may be about: the node that it names, that node's host, edge, database, tracker.
    pub elements: Path,
}

/// Reports that belong to no incident yet, and what each tenant usually reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reports {
    waiting: VecDeque<Waiting>,
    tenants: BTreeMap<String, Tenant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    report: Report,
    at: Timestamp,
    /// Whether it can open: of a tenant, and more than usual.
    counts: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tenant {
    /// Reports by day since the epoch.
    days: BTreeMap<i64, u32>,
    lately: VecDeque<Timestamp>,
}

/// A tenant's reports, against what it usually reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) lately: u32,
    pub(super) before: u32,
}

impl Rate {
    /// Whether `lately` is more than `factor` times what `before` lets expect in the same time.
    pub(super) fn is_unusual(self, settings: &Settings) -> bool {
        let within = settings.reports_within.as_millis();
        let usual_over = u128::from(DAY_MS.unsigned_abs()) * u128::from(USUAL_DAYS.unsigned_abs());
        u128::from(self.lately) * usual_over
            > u128::from(settings.unusual_factor) * u128::from(self.before) * within
    }
}

impl Reports {
    /// Counts a tenant's report.
    pub(super) fn count(&mut self, tenant: &str, now: Timestamp, settings: &Settings) -> Rate {
        let tenant = self.tenants.entry(tenant.to_owned()).or_default();
        let today = now.as_millis().div_euclid(DAY_MS);
        let count = tenant.days.entry(today).or_default();
        *count = count.saturating_add(1);
        tenant.lately.push_back(now);
        if tenant.lately.len() > LATELY_MAX {
            tenant.lately.pop_front();
        }
        tenant.forget(now, settings);
        let all: u32 = tenant.days.values().sum();
        let lately = u32::try_from(tenant.lately.len()).unwrap_or(u32::MAX);
        Rate {
            lately,
            before: all.saturating_sub(lately),
        }
    }

    /// Keeps a report until an incident takes it, or it is too old.
    pub(super) fn wait(&mut self, report: Report, counts: bool, now: Timestamp) {
        self.waiting.push_back(Waiting {
            report,
            at: now,
            counts,
        });
        if self.waiting.len() > WAITING_MAX {
            self.waiting.pop_front();
        }
    }

    /// The element of which enough independent tenants speak, none of them more often than another: the one with the
    /// most tenants, of equal ones the narrowest. A tracker's vendor is none.
    pub(super) fn shared(&self, settings: &Settings) -> Option<Element> {
        let mut by_element: BTreeMap<&Element, BTreeSet<&str>> = BTreeMap::new();
        for waiting in self.waiting.iter().filter(|it| it.counts) {
            let Some(tenant) = &waiting.report.tenant else {
                continue;
            };
            for element in &waiting.report.elements {
                by_element.entry(element).or_default().insert(tenant);
            }
        }
        by_element
            .iter()
            .filter(|(element, tenants)| {
                element.kind != Kind::Tracker && tenants.len() >= settings.tenants_min
            })
            .max_by_key(|(element, tenants)| (tenants.len(), std::cmp::Reverse(**element)))
            .map(|(element, _)| (*element).clone())
    }

    /// The tracker of which enough tenants speak.
    pub(super) fn shared_vendor(&self, report: &Report, settings: &Settings) -> Option<Element> {
        let mut trackers = report.elements.iter().filter(|it| it.kind == Kind::Tracker);
        let tracker = trackers.find(|tracker| {
            let tenants: BTreeSet<&str> = (self.waiting.iter())
                .filter(|it| it.counts && it.report.elements.contains(*tracker))
                .filter_map(|it| it.report.tenant.as_deref())
                .collect();
            tenants.len() >= settings.tenants_min
        });
        tracker.cloned()
    }

    /// Takes the reports that may be about the element.
    pub(super) fn take(&mut self, element: &Element) -> Vec<ReportId> {
        let mut taken = Vec::new();
        self.waiting.retain(|waiting| {
            let about = waiting.report.elements.contains(element);
            if about {
                taken.push(waiting.report.id.clone());
            }
            !about
        });
        taken
    }

    /// Forgets what is too old to count.
    pub(super) fn forget(&mut self, now: Timestamp, settings: &Settings) {
        // The time of a clock that has been put back since is now.
        for waiting in &mut self.waiting {
            waiting.at = waiting.at.min(now);
        }
        self.waiting
            .retain(|waiting| now.since(waiting.at) <= settings.reports_within);
        self.tenants.retain(|_, tenant| {
            tenant.forget(now, settings);
            !tenant.days.is_empty()
        });
    }

    /// When there is something to forget.
    pub(super) fn due(&self, settings: &Settings) -> Option<Timestamp> {
        let first = self.waiting.iter().map(|waiting| waiting.at).min();
        first.map(|at| at.plus(settings.reports_within + Duration::from_millis(1)))
    }
}

impl Tenant {
    fn forget(&mut self, now: Timestamp, settings: &Settings) {
        let today = now.as_millis().div_euclid(DAY_MS);
        self.days
            .retain(|day, _| (today - USUAL_DAYS..=today).contains(day));
        self.lately
            .retain(|at| *at <= now && now.since(*at) <= settings.reports_within);
    }
}
