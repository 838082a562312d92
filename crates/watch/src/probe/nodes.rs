//! What hosts say of each node: credentials that its tracker refuses, webhooks that bring nothing.

use super::Look;
use super::hosts::Hosts;
use super::said::Said;
use super::sweep::Sweeps;
use super::web::failed;
use async_trait::async_trait;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use twinline_core::time::Timestamp;
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::Outcome;

/// What is asked of each node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Whether its tracker takes our credentials.
    Credentials,
    /// Whether its tracker tells of changes by webhook, where that was asked of it.
    Webhooks {
        /// So many sweeps that found changes since a webhook last told of one are too many.
        unannounced_max: u64,
    },
}

/// Asks a host's status one thing of each node. One that the answer says nothing of is unseen, and so is every one while no
/// host answers, or not with its status: that is the hosts' matter.
pub struct Nodes {
    hosts: Hosts,
    names: BTreeSet<String>,
    asks: Asks,
    said: Said,
}

impl Nodes {
    /// Hosts, asked this of nodes by name. They may take less than the probe's deadline, which would be each node's failure.
    pub fn new(hosts: Hosts, names: BTreeSet<String>, asks: Asks) -> Self {
        Self {
            hosts,
            names,
            asks,
            said: Said::default(),
        }
    }

    fn judge(&self, node: &str, status: &Json) -> Outcome {
        let known = match told(node, status) {
            Told::Known(known) => known,
            Told::Rests => return Outcome::Passed,
            Told::Unsaid { .. } => return Outcome::Unseen,
        };
        match self.asks {
            Asks::Credentials => credentials(&known["state"]),
            Asks::Webhooks { unannounced_max } => webhooks(known, unannounced_max),
        }
    }
}

fn credentials(state: &Json) -> Outcome {
    match state["state"].as_str() {
        Some("credentials") => {
            let sentence = state["sentence"].as_str().unwrap_or_default();
            failed(format!("its tracker refuses the credentials: {sentence}"))
        }
        // A paused node is asked nothing, and nobody waits for it.
        Some("open" | "paused") => Outcome::Passed,
        // It answers nothing: whether it takes them is not known.
        _ => Outcome::Unseen,
    }
}

fn webhooks(node: &Json, unannounced_max: u64) -> Outcome {
    if node["state"]["state"] == "paused" || node["scopes"].as_u64() == Some(0) {
        return Outcome::Passed;
    }
    let webhook = &node["webhook"];
    let by_hand = match webhook["state"].as_str() {
        Some("unasked") => return Outcome::Passed,
        Some("failing") => {
            return failed(
                webhook["why"]
                    .as_str()
                    .unwrap_or("it brings nothing")
                    .to_owned(),
            );
        }
        Some("registered") => None,
        Some("by_hand") => webhook["how"].as_str(),
        _ => return Outcome::Unseen,
    };
    let unannounced = node["unannounced"].as_u64().unwrap_or(0);
    if unannounced < unannounced_max {
        return Outcome::Passed;
    }
    let last = node["webhook_at"].as_i64().map(Timestamp::from_millis);
    let since = last.map_or_else(|| "its host began".to_owned(), |at| at.to_string());
    let how = by_hand.map_or_else(String::new, |how| format!(". {how}"));
    failed(format!(
        "its webhook has told of nothing since {since}, and {unannounced} sweeps have found changes meanwhile{how}"
    ))
}

/// What a status says of a node.
pub(super) enum Told<'a> {
    /// This.
    Known(&'a Json),
    /// Nothing, since it is in no connection: all that are in one are told of.
    Rests,
    /// Nothing: not all groups of a fleet answer, or the host does not know it.
    Unsaid { at_work: usize, groups: usize },
}

/// Finds a node in a status.
pub(super) fn told<'a>(node: &str, status: &'a Json) -> Told<'a> {
    let list = |key: &str| {
        let list = status[key].as_array().map(Vec::as_slice);
        list.unwrap_or_default()
    };
    let nodes = list("nodes");
    if let Some(known) = nodes.iter().find(|it| it["node"] == node) {
        return Told::Known(known);
    }
    let groups = list("groups");
    let at_work = |it: &&Json| it["machine"].is_string() && it["state"] == "works";
    let at_work = groups.iter().filter(at_work).count();
    let all: u64 = groups.iter().filter_map(|it| it["nodes"].as_u64()).sum();
    let said = u64::try_from(nodes.len()).unwrap_or(u64::MAX);
    let of_a_fleet = status["groups"].is_array();
    if of_a_fleet && at_work == groups.len() && said >= all {
        return Told::Rests;
    }
    let groups = groups.len();
    Told::Unsaid { at_work, groups }
}

#[async_trait]
impl Look for Nodes {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        let asked = self.hosts.status().await;
        let status = self.said.heard(asked, "what is asked of nodes");
        let judged = self.names.iter().map(|node| {
            let went = match &status {
                Some(status) => self.judge(node, status),
                None => Outcome::Unseen,
            };
            (Sweeps::element(node), went)
        });
        judged.collect()
    }
}

#[cfg(test)]
#[path = "nodes_tests.rs"]
mod tests;
