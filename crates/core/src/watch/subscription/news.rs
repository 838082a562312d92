//! News: what the page says that it did not say before.

use crate::time::Timestamp;
use crate::watch::incident::IncidentId;
use crate::watch::page::{Entry, Maintenance, MaintenanceId, MaintenanceStage, Stage, StatusPage};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What is older is no news any more.
const KEPT: Duration = Duration::from_secs(86_400);
/// The most news that are kept.
const KEPT_MAX: usize = 200;

/// What a piece of news is about, and how far that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum About {
    /// An incident.
    Incident {
        /// Which.
        incident: IncidentId,
        /// How far it is.
        stage: Stage,
    },
    /// A maintenance.
    Maintenance {
        /// Which.
        maintenance: MaintenanceId,
        /// How far it is.
        stage: MaintenanceStage,
    },
}

/// One update of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// Its number in the row, from 1.
    pub number: u64,
    /// When the page said so.
    pub at: Timestamp,
    /// What it is about.
    pub about: About,
    /// The headline.
    pub name: String,
    /// What is said.
    pub body: String,
}

/// A thing on the page. When it began is part of it: a page that begins anew counts from one again.
type Thing = (bool, u64, Timestamp);

/// The row of news.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    /// How many updates of each thing were news; nothing before the first look.
    seen: Option<Vec<(Thing, usize)>>,
    last: u64,
    kept: VecDeque<News>,
}

impl Row {
    /// The number of the last one.
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// Those after a number.
    pub(super) fn after(&self, number: u64) -> impl Iterator<Item = &News> {
        self.kept.iter().filter(move |it| it.number > number)
    }

    /// Takes what the page says that it did not say before. The first look finds no news.
    pub(super) fn look(&mut self, page: &StatusPage) {
        let begins = self.seen.is_none();
        let before: BTreeMap<Thing, usize> =
            self.seen.take().unwrap_or_default().into_iter().collect();
        let mut seen = Vec::new();
        let mut fresh = Vec::new();
        for entry in page.entries().filter(|it| it.is_published()) {
            let thing = (false, entry.incident.0, entry.began);
            let known = before.get(&thing).copied().unwrap_or(0);
            fresh.extend(of_incident(entry, known));
            seen.push((thing, entry.updates.len()));
        }
        for (id, it) in page.maintenances() {
            let announced = it.updates.first().map_or(it.from, |note| note.0);
            let thing = (true, id.0, announced);
            let known = before.get(&thing).copied().unwrap_or(0);
            fresh.extend(of_maintenance(id, it, known));
            seen.push((thing, it.updates.len()));
        }
        self.seen = Some(seen);
        if begins {
            return;
        }
        fresh.sort_by_key(|it| it.at);
        for mut news in fresh {
            self.last += 1;
            news.number = self.last;
            self.kept.push_back(news);
        }
        while self.kept.len() > KEPT_MAX {
            self.kept.pop_front();
        }
    }

    /// Forgets what is no news any more.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.kept.retain(|it| now.since(it.at) <= KEPT);
    }
}

fn of_incident(entry: &Entry, known: usize) -> impl Iterator<Item = News> {
    entry.updates.iter().skip(known).map(|update| News {
        number: 0,
        at: update.at,
        about: About::Incident {
            incident: entry.incident,
            stage: update.stage,
        },
        name: entry.name.clone(),
        body: update.body.clone(),
    })
}

fn of_maintenance(
    id: MaintenanceId,
    known: &Maintenance,
    seen: usize,
) -> impl Iterator<Item = News> {
    known
        .updates
        .iter()
        .skip(seen)
        .map(move |(at, stage, body)| News {
            number: 0,
            at: *at,
            about: About::Maintenance {
                maintenance: id,
                stage: *stage,
            },
            name: known.name.clone(),
            body: body.clone(),
        })
}
