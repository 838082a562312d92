//! `[left]`, `[right]`, `[comments]`, `[attachments]`.

use super::Judge;
use crate::finding::{Severity, suggest};
use crate::map::{Map, closed_status};
use std::collections::BTreeMap;
use twinline_core::contract::Deleted;
use twinline_core::names::{NodeName, Side};

pub(super) fn sides(judge: &mut Judge<'_>, nodes: Option<&BTreeMap<NodeName, String>>) {
    for side in Side::BOTH {
        let rules = judge.rules.sides.get(side);
        if let Some(nodes) = nodes
            && !nodes.contains_key(&rules.node.value)
        {
            let what = format!(
                "[{side}] names the node '{}', which the configuration does not have",
                rules.node.value
            );
            let way_out = suggest(
                rules.node.value.as_str(),
                nodes.keys().map(NodeName::as_str),
            );
            judge.error(rules.node.spot, what, way_out);
        }
        if let Some(capabilities) = judge.capabilities.get(side) {
            for (key, value) in &rules.scope {
                if !capabilities.scope_keys.contains(key) {
                    let what = format!("a scope of {} has no key '{key}'", capabilities.tracker);
                    let way_out = suggest(key, capabilities.scope_keys.iter().map(String::as_str));
                    judge.error(value.spot, what, way_out);
                }
            }
        }
    }
    let [left, right] = [&judge.rules.sides.left, &judge.rules.sides.right];
    if left.trigger.is_none() && right.trigger.is_none() {
        judge.say(
            Severity::Note,
            left.node.spot,
            "neither side has a trigger, so no twin is ever created",
            "add trigger = \"…\" to a side, or link existing pairs",
        );
    }
}

/// `deleted = "close"` and `"delete"` act on whichever side is left.
pub(super) fn deletions(judge: &mut Judge<'_>) {
    let policy = &judge.rules.policy.deleted;
    for side in Side::BOTH {
        let catalogue = judge.catalogues.get(side);
        let capabilities = judge.capabilities.get(side).as_ref();
        match policy.value {
            Deleted::Close
                if !catalogue.is_blank() && closed_status(map(judge, side)).is_none() =>
            {
                let what = format!(
                    "deleted = \"close\": no status of {} is known to count as done",
                    judge.node(side)
                );
                judge.error(policy.spot, what, "write deleted = \"unlink\"");
            }
            Deleted::Delete
                if capabilities.is_some_and(|capabilities| !capabilities.item_delete) =>
            {
                let what = format!(
                    "deleted = \"delete\": items of {} cannot be deleted",
                    judge.node(side)
                );
                judge.error(policy.spot, what, "write deleted = \"close\" or \"unlink\"");
            }
            Deleted::Unlink | Deleted::Close | Deleted::Delete => {}
        }
    }
}

const fn map<'a>(judge: &Judge<'a>, side: Side) -> Map<'a> {
    Map {
        rules: judge.rules,
        catalogues: judge.catalogues,
        side,
    }
}

pub(super) fn comments(judge: &mut Judge<'_>) {
    let Some(comments) = &judge.rules.comments else {
        return;
    };
    for pair in &comments.channels {
        for side in Side::BOTH {
            let name = pair.value.names.get(side);
            let Some(capabilities) = judge.capabilities.get(side) else {
                continue;
            };
            let channels = &capabilities.channels;
            let Some(channel) = channels.iter().find(|channel| channel.name == *name) else {
                let what = format!("{} has no comment channel '{name}'", capabilities.tracker);
                let way_out = suggest(name, channels.iter().map(|channel| channel.name.as_str()));
                judge.error(pair.spot, what, way_out);
                continue;
            };
            if !channel.written && pair.value.direction.leaves(side.other()) {
                let what = format!(
                    "comments cannot be written into the {side} channel '{name}', which does not say who reads them"
                );
                let arrow = if side == Side::Left { "->" } else { "<-" };
                judge.error(pair.spot, what, format!("write dir = \"{arrow}\""));
            }
            let Some(other) = judge.capabilities.get(side.other()) else {
                continue;
            };
            let target = pair.value.names.get(side.other());
            let target = other
                .channels
                .iter()
                .find(|channel| channel.name == *target);
            if channel.internal
                && target.is_some_and(|target| !target.internal)
                && pair.value.direction.leaves(side)
            {
                let what = format!(
                    "internal comments of the {side} channel '{name}' would enter the channel '{}', which is not internal",
                    pair.value.names.get(side.other())
                );
                let arrow = if side == Side::Left { "<-" } else { "->" };
                judge.error(
                    pair.spot,
                    what,
                    format!("pair it with an internal channel, or write dir = \"{arrow}\""),
                );
            }
        }
    }
    for side in Side::BOTH {
        let Some(capabilities) = judge.capabilities.get(side) else {
            continue;
        };
        for channel in &capabilities.channels {
            let mut pairs = comments.channels.iter();
            if channel.written && !pairs.any(|pair| *pair.value.names.get(side) == channel.name) {
                let what = format!(
                    "comments in the {side} channel '{}' never cross",
                    channel.name
                );
                judge.say(
                    Severity::Note,
                    comments.spot,
                    what,
                    "list the channel, if they should",
                );
            }
        }
    }
}

pub(super) fn attachments(judge: &mut Judge<'_>) {
    let Some(files) = &judge.rules.attachments else {
        return;
    };
    let spot = files.spot;
    for denied in &files.deny {
        let is_type = denied
            .split_once('/')
            .is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty());
        if !is_type {
            let what = format!("[attachments] deny: '{denied}' is no media type");
            let how = "write application/zip, or video/* for all of a kind";
            judge.error(spot, what, how);
        }
    }
    for to in Side::BOTH {
        if !files.direction.leaves(to.other()) {
            continue;
        }
        let Some(capabilities) = judge.capabilities.get(to) else {
            continue;
        };
        let able = &capabilities.attachments;
        let tracker = &capabilities.tracker;
        if !able.upload {
            let what = format!(
                "{tracker} takes no files: on the {to} side a comment with a link is written for each"
            );
            let how = "give `dir` the other direction alone, if no links are wanted";
            judge.say(Severity::Note, spot, what, how);
        } else if files.deletes && !able.delete {
            let what = format!(
                "{tracker} cannot delete a file: a copy on the {to} side outlives its original"
            );
            judge.say(Severity::Note, spot, what, "nothing is to be done");
        }
    }
}
