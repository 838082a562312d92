//! What is told of a whole fleet.

use crate::fleet::view::OwnView;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;
use twinline_engine::Depths;
use twinline_engine::groups::GroupState;
use twinline_engine::ownership::Pins;
use twinline_store::GroupId;
use twinline_store::central::CentralHealth;

/// The groups' statuses as one, and how each group is: lists are joined, counts are summed.
pub(in crate::api) fn status(
    at: Timestamp,
    answered: Vec<Value>,
    groups: Value,
    database: &CentralHealth,
) -> Value {
    let mut lists = ["nodes", "connections", "ledger"].map(|key| (key, Vec::new()));
    let mut counts = [
        ("depths", json!(Depths::default())),
        ("counters", Value::Object(Map::new())),
    ];
    for mut one in answered {
        for (key, all) in &mut lists {
            if let Value::Array(more) = one[*key].take() {
                all.extend(more);
            }
        }
        for (key, all) in &mut counts {
            sum(all, &one[*key]);
        }
    }
    let mut whole = json!({ "at": at, "groups": groups, "central": { "health": database } });
    for (key, list) in lists {
        whole[key] = Value::Array(list);
    }
    for (key, all) in counts {
        whole[key] = all;
    }
    whole
}

/// Adds counts to those of the same names.
fn sum(all: &mut Value, more: &Value) {
    for (name, count) in more.as_object().into_iter().flatten() {
        let so_far = all[name].as_u64().unwrap_or(0);
        all[name] = so_far.saturating_add(count.as_u64().unwrap_or(0)).into();
    }
}

/// What each machine's host has said of itself, or why it was not heard.
pub(in crate::api) type Hosts = BTreeMap<String, Result<OwnView, String>>;

/// How a group does, as its owner says.
pub(super) fn heard(hosts: &Hosts, owner: &str, group: &GroupId) -> Option<String> {
    let here = match hosts.get(owner)? {
        Ok(says) => says.groups.iter().find(|here| here.group == group.as_str()),
        Err(why) => return Some(format!("is on '{owner}', which does not answer ({why})")),
    };
    here.map(|here| here.state.clone())
}

/// Every group with its owner and how it does.
pub(in crate::api) fn groups(
    groups: Pins,
    owner: impl Fn(&GroupId) -> Option<String>,
    state: impl Fn(&GroupId, Option<&String>) -> Option<String>,
) -> Value {
    let each = groups.into_iter().map(|(group, (nodes, pinned))| {
        let owner = owner(&group);
        let state = state(&group, owner.as_ref());
        json!({ "group": group, "nodes": nodes, "machine": owner, "pinned": pinned, "state": state })
    });
    each.collect()
}

/// How a group does, as the end of a sentence.
pub(super) fn words(state: &GroupState) -> String {
    match state {
        GroupState::Waiting => "waits for what its former owner has under way".to_owned(),
        GroupState::TakingOver { failing: None } => "is being taken over".to_owned(),
        GroupState::TakingOver { failing: Some(why) } => {
            format!("cannot be taken over yet ({why})")
        }
        GroupState::TakingIn {
            gone,
            failing: None,
        } => format!("takes the group {gone} in, which was joined to it"),
        GroupState::TakingIn {
            gone,
            failing: Some(why),
        } => format!("cannot take the group {gone} in yet ({why})"),
        GroupState::Working(_) => "works".to_owned(),
        GroupState::Ending(_) => "is ending".to_owned(),
        GroupState::Failed { reason } => format!("failed and is tried again ({reason})"),
    }
}
