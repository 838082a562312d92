//! Up to when each node's changes are accounted for.

use super::Look;
use super::accounts::Accounts;
use super::hosts::Hosts;
use super::nodes::{Told, told};
use super::web::{NoWord, failed};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::element::{Element, Kind};
use twinline_core::watch::probe::Outcome;

/// Asks a host's status for its ledger. A node that the answer says nothing of, or of which nothing was accounted for yet,
/// is not well: it is unseen, and fails when that lasts for longer than it may be behind.
pub struct Sweeps {
    hosts: Hosts,
    clock: Arc<dyn Clock>,
    behind_max: BTreeMap<String, Duration>,
    measure: Measure,
    accounts: Accounts,
}

/// What counts as accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// What the change feed tells of, as sweeps have read it.
    Swept,
    /// Every kind of change: what the feed does not tell of, an audit has to have compared. Of a node that its host says
    /// nothing of, and of a host that does not answer, the other measure tells: by this one it is unseen.
    Whole,
}

impl Sweeps {
    /// Hosts, asked how far behind each node is, which may be so far behind, by name.
    pub fn new(
        hosts: Hosts,
        clock: Arc<dyn Clock>,
        behind_max: BTreeMap<String, Duration>,
        measure: Measure,
    ) -> Self {
        Self {
            measure,
            hosts,
            clock,
            behind_max,
            accounts: Accounts::default(),
        }
    }

    /// The same, which goes on from what the probes before it were told.
    #[must_use]
    pub fn keeping(self, accounts: Accounts) -> Self {
        Self { accounts, ..self }
    }

    /// The element of a node.
    pub fn element(node: &str) -> Element {
        Element::new(Kind::Node, node)
    }

    /// How a node is, by what is told of it.
    fn judge(&self, node: &str, behind_max: Duration, status: &Json) -> Outcome {
        let found = find(node, status, self.measure);
        let now = self.clock.now();
        let mut told = self.accounts.lock();
        let last = told.entry((self.measure, node.to_owned())).or_insert(now);
        // A clock that was put back.
        *last = (*last).min(now);
        if let Found::Rests = found {
            // When it goes on it begins from then.
            *last = now;
            return Outcome::Passed;
        }
        if let Found::AccountedTo(to) = found {
            *last = to;
        }
        let behind = now.since(*last);
        let late = behind > behind_max;
        let behind_s = behind.as_secs();
        match found {
            Found::Rests => Outcome::Passed,
            Found::AccountedTo(_) if late => failed(match self.measure {
                Measure::Swept => format!("its changes are accounted for up to {behind_s} s ago"),
                Measure::Whole => format!(
                    "not every kind of its changes is accounted for since {behind_s} s ago: no audit has ended"
                ),
            }),
            Found::AccountedTo(_) => Outcome::Passed,
            Found::Nothing if late => failed(match self.measure {
                Measure::Swept => {
                    format!("none of its changes has been accounted for in {behind_s} s")
                }
                Measure::Whole => format!(
                    "some kind of its changes has not been accounted for in {behind_s} s: no audit has ended"
                ),
            }),
            Found::Unsaid { .. } if self.measure == Measure::Whole => Outcome::Unseen,
            Found::Unsaid { groups: 0, .. } if late => {
                failed(format!("its host has said nothing of it for {behind_s} s"))
            }
            Found::Unsaid { at_work, groups } if late => failed(format!(
                "no host has said anything of it for {behind_s} s, and {at_work} of {groups} groups of nodes are at work"
            )),
            // The first audit is due a day after a node begins: no gap is as long as it may be yet.
            Found::Nothing if self.measure == Measure::Whole => Outcome::Passed,
            Found::Nothing | Found::Unsaid { .. } => Outcome::Unseen,
        }
    }
}

/// What an answer says of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// A person paused it, or nothing of it is in a connection.
    Rests,
    /// All of its changes up to then are accounted for.
    AccountedTo(Timestamp),
    /// Its changes are read, and none was accounted for yet.
    Nothing,
    /// Nothing: not all groups of a fleet answer, or the host does not know it.
    Unsaid { at_work: usize, groups: usize },
}

fn find(node: &str, status: &Json, measure: Measure) -> Found {
    let known = match told(node, status) {
        Told::Known(known) => known,
        Told::Rests => return Found::Rests,
        Told::Unsaid { at_work, groups } => return Found::Unsaid { at_work, groups },
    };
    if known["state"]["state"] == "paused" || known["scopes"].as_u64() == Some(0) {
        return Found::Rests;
    }
    let lines = status["ledger"].as_array().map(Vec::as_slice);
    let lines = lines.unwrap_or_default().iter();
    let own: Vec<&Json> = lines.filter(|it| it["node"] == node).collect();
    let oldest = match measure {
        Measure::Swept => own
            .iter()
            .filter_map(|it| it["accounted_to"].as_i64())
            .min(),
        Measure::Whole => whole(&own),
    };
    oldest.map_or(Found::Nothing, |oldest| {
        Found::AccountedTo(Timestamp::from_millis(oldest))
    })
}

/// Up to when every kind of change is accounted for, by a sweep or an audit; `None` where one never was.
fn whole(lines: &[&Json]) -> Option<i64> {
    let mut oldest = i64::MAX;
    for kind in ChangeKind::ALL {
        let word = serde_json::to_value(kind).expect("a kind is a word");
        let line = lines.iter().find(|it| it["kind"] == word)?;
        let [swept, audited] = ["accounted_to", "audited_to"].map(|key| line[key].as_i64());
        oldest = oldest.min(swept.max(audited)?);
    }
    Some(oldest)
}

#[async_trait]
impl Look for Sweeps {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        let asked = self.hosts.status().await;
        self.accounts.retain(self.measure, &self.behind_max);
        let judged = self.behind_max.iter().map(|(node, behind_max)| {
            let went = match &asked {
                Ok(status) => self.judge(node, *behind_max, status),
                Err(_) if self.measure == Measure::Whole => Outcome::Unseen,
                Err(NoWord::Silent(why) | NoWord::Wrong(why)) => failed(why.clone()),
            };
            (Self::element(node), went)
        });
        judged.collect()
    }
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
