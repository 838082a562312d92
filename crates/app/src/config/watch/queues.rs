//! `[watch.queues]`: where tickets come in that say that something does not work.

use crate::config::error::{ConfigError, alternative};
use crate::config::model::Config;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use twinline_trackers::registry;

/// The most queues: each is asked all the time.
const QUEUES_MAX: usize = 50;
/// The most texts that tickets of one workspace are known by.
const TICKETS_MAX: usize = 200;

/// `[watch.queues.NAME]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The node that the tickets are in.
    pub node: String,
    /// Where in it, in its tracker's scope keys, as in rules.
    #[serde(default)]
    pub scope: BTreeMap<String, String>,
    /// The field that says whose a ticket is; without it tickets are visitors' reports.
    pub tenant_by: Option<String>,
    /// The channel in which tickets are answered; without it they are not.
    pub answer_in: Option<String>,
    /// From one look to the next, in seconds.
    #[serde(default = "thirty")]
    pub period_s: u32,
}

const fn thirty() -> u32 {
    30
}

pub(super) fn check(path: &Path, config: &Config) -> Result<(), ConfigError> {
    let queues = &config.watch.queues;
    if queues.len() > QUEUES_MAX {
        let reason = format!("are {}; at most {QUEUES_MAX}", queues.len());
        return Err(ConfigError::key(path, "watch.queues", reason));
    }
    for (name, queue) in queues {
        if let Err((key, reason)) = check_one(name, queue, config) {
            let key = format!("watch.queues.{name}{key}");
            return Err(ConfigError::key(path, &key, reason));
        }
    }
    check_tenants(path, config)
}

fn check_one(name: &str, queue: &Queue, config: &Config) -> Result<(), (&'static str, String)> {
    let sound = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(sound) {
        let reason = "a queue's name is 1 to 64 of a-z, 0-9 and '-'";
        return Err(("", reason.to_owned()));
    }
    if !(5..=3600).contains(&queue.period_s) {
        let reason = format!("is {}; write 5 to 3600", queue.period_s);
        return Err((".period_s", reason));
    }
    let Some(node) = config.nodes.get(&queue.node) else {
        let nodes: Vec<&str> = config.nodes.keys().map(String::as_str).collect();
        let instead = match nodes.is_empty() {
            true => format!("write [nodes.{}]", queue.node),
            false => alternative(&queue.node, "node", &nodes),
        };
        let reason = format!("'{}' is no node: {instead}", queue.node);
        return Err((".node", reason));
    };
    // That its tracker is none is told of the node.
    let Ok(known) = registry::capabilities(&node.tracker) else {
        return Ok(());
    };
    let Some(channel) = &queue.answer_in else {
        return Ok(());
    };
    let written = known.channels.iter().filter(|it| it.written);
    let written: Vec<&str> = written.map(|it| it.name.as_str()).collect();
    if written.contains(&channel.as_str()) {
        return Ok(());
    }
    let instead = alternative(channel, "channel", &written);
    let reason = format!(
        "'{channel}' is no channel that {} writes: {instead}",
        node.tracker
    );
    Err((".answer_in", reason))
}

/// A ticket is one workspace's.
fn check_tenants(path: &Path, config: &Config) -> Result<(), ConfigError> {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for (name, workspace) in &config.workspaces {
        let refuse = |reason: String| {
            let key = format!("workspaces.{name}.tickets");
            Err(ConfigError::key(path, &key, reason))
        };
        if workspace.tickets.len() > TICKETS_MAX {
            let count = workspace.tickets.len();
            return refuse(format!("are {count}; at most {TICKETS_MAX}"));
        }
        for text in &workspace.tickets {
            if text.trim().is_empty() {
                return refuse("one of them is empty".to_owned());
            }
            let before = known.insert(text.to_lowercase(), name);
            if let Some(before) = before.filter(|before| before != name) {
                return refuse(format!("'{text}' is workspace {before}'s already"));
            }
        }
    }
    Ok(())
}
