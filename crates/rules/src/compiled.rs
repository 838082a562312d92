//! One version of a connection's rules, ready to run: map, catalogues and scripts behind the port of the core.

mod contract;
mod program;

#[cfg(test)]
mod tests;

pub(crate) use program::program;

use crate::catalogue::Catalogue;
use crate::convert;
use crate::describe::{NativeKind, SideDescription};
use crate::finding::Spot;
use crate::map::{self, Map, MapDraft, MapView, natives};
use crate::model::RuleSet;
use crate::script::{Call, CallKind, Failure, Program, Reply, ScriptRunner, ViaCall};
use crate::source::RuleSources;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::contract::Contract;
use twinline_core::item::{Attachment, Comment, Item, ItemRef, Value};
use twinline_core::names::{FieldName, ReplicaField, Side, Sides};
use twinline_core::rules::{
    Assigned, Assigner, Draft, Incoming, Link, Outgoing, RuleError, Rules, ScriptComment,
};
use twinline_core::view::View;

/// The rules of one connection. Cheap to share: put it in an `Arc`.
#[derive(Debug)]
pub struct CompiledRules {
    rules: RuleSet,
    catalogues: Sides<Catalogue>,
    contract: Contract,
    programs: Sides<Option<Program>>,
    runner: Arc<dyn ScriptRunner>,
}

impl CompiledRules {
    /// Puts rules, scripts and descriptions together. `sources` are the texts that `rules` were read from;
    /// `descriptions` may be empty, and names are then taken as ids.
    pub fn new(
        rules: RuleSet,
        sources: &RuleSources,
        descriptions: Sides<SideDescription>,
        version: u32,
        runner: Arc<dyn ScriptRunner>,
    ) -> Self {
        let catalogues = Sides {
            left: Catalogue::new(descriptions.left),
            right: Catalogue::new(descriptions.right),
        };
        let contract = contract::contract(&rules, &catalogues, version);
        let programs = Sides::from_fn(|side| program(&rules, sources, catalogues.get(side), side));
        Self {
            rules,
            catalogues,
            contract,
            programs,
            runner,
        }
    }

    /// The rules as they were read.
    pub const fn rules(&self) -> &RuleSet {
        &self.rules
    }

    pub(crate) const fn catalogue(&self, side: Side) -> &Catalogue {
        self.catalogues.get(side)
    }

    const fn map(&self, side: Side) -> Map<'_> {
        Map {
            rules: &self.rules,
            catalogues: &self.catalogues,
            side,
        }
    }

    /// The side's program, when it has a script.
    fn script(&self, side: Side) -> Option<(&Program, &str)> {
        let program = self.programs.get(side).as_ref()?;
        Some((program, &program.script.as_ref()?.0))
    }

    fn run(&self, program: &Program, call: &Call) -> Result<Reply, RuleError> {
        self.runner
            .run(program, call)
            .map_err(|failure| self.rule_error(failure))
    }

    fn rule_error(&self, failure: Failure) -> RuleError {
        let file = if failure.file.is_empty() {
            self.rules.file.clone()
        } else {
            failure.file
        };
        RuleError {
            file,
            line: failure.line,
            column: failure.column,
            reason: failure.reason,
            rejected: failure.rejected,
        }
    }

    /// What a replica field holds: as declared, else what the left or the right native field does.
    pub(crate) fn replica_kind(&self, name: &ReplicaField) -> Option<NativeKind> {
        let field = self.rules.fields.get(name)?;
        if field.kind.is_some() {
            return field.kind;
        }
        if field.values.is_some() {
            return None;
        }
        Side::BOTH.into_iter().find_map(|side| {
            if field.via.get(side).is_some() {
                return None;
            }
            let catalogue = self.catalogues.get(side);
            match natives(field, side, catalogue).as_slice() {
                [native] => catalogue.kind(native),
                _ => None,
            }
        })
    }

    /// The comments that may cross from a side: those in a listed channel that leaves it.
    fn crossing_comments(&self, side: Side, item: &Item) -> Vec<Comment> {
        let Some(rules) = &self.rules.comments else {
            return Vec::new();
        };
        let leaves = |comment: &&Comment| {
            rules.channels.iter().any(|pair| {
                pair.value.direction.leaves(side) && *pair.value.names.get(side) == comment.channel
            })
        };
        let comments = item.comments.as_deref().unwrap_or_default();
        comments.iter().filter(leaves).cloned().collect()
    }

    /// The attachments that may cross from a side: all, where they leave it.
    fn crossing_attachments(&self, side: Side, item: &Item) -> Vec<Attachment> {
        let rules = self.rules.attachments.as_ref();
        match rules.filter(|rules| rules.direction.leaves(side)) {
            Some(_) => item.attachments.clone().unwrap_or_default(),
            None => Vec::new(),
        }
    }

    fn after_outgoing(
        &self,
        file: &str,
        sent: &Json,
        view: &mut View,
        reply: &Reply,
    ) -> Result<(), RuleError> {
        let fault = |field: &str, reason: String| {
            let at = reply.places.get(field).copied().flatten();
            script_fault(file, at, format!("replica.{field}: {reason}"))
        };
        let empty = serde_json::Map::new();
        let given = reply.replica.as_object().unwrap_or(&empty);
        for name in self.rules.fields.keys() {
            match given.get(name.as_str()) {
                None => {
                    view.fields.remove(name);
                }
                // What the script did not touch keeps its value whole: scripts see less than a value holds.
                Some(json) if sent.get(name.as_str()) == Some(json) => {}
                Some(json) => {
                    let value = convert::replica_value(json, self.replica_kind(name))
                        .map_err(|reason| fault(name.as_str(), reason))?;
                    view.fields.insert(name.clone(), value);
                }
            }
        }
        let comments = given.get("comments").and_then(Json::as_array);
        let comments = comments.map(Vec::as_slice).unwrap_or_default();
        view.comments = self
            .comments_back(comments, &view.comments)
            .map_err(|reason| fault("comments", reason))?;
        let kept = given.get("attachments").and_then(Json::as_array);
        let kept: BTreeSet<&str> = kept
            .into_iter()
            .flatten()
            .filter_map(|file| file.get("id").and_then(Json::as_str))
            .collect();
        view.attachments
            .retain(|file| kept.contains(file.id.as_str()));
        Ok(())
    }

    /// The comments that a script left in the replica, by id, with what it changed of them.
    fn comments_back(&self, given: &[Json], had: &[Comment]) -> Result<Vec<Comment>, String> {
        given
            .iter()
            .map(|json| {
                let id = json.get("id").and_then(Json::as_str).unwrap_or_default();
                let original = had.iter().find(|comment| comment.id == id).ok_or_else(|| {
                    format!("there is no comment \"{id}\"; the other side's incoming can call issue.addComment")
                })?;
                let sent = convert::comment(original);
                let mut comment = original.clone();
                if json.get("body") != sent.get("body") {
                    comment.body = convert::rich_from(json.get("body").unwrap_or(&Json::Null))?;
                }
                if let Some(channel) = json.get("channel").and_then(Json::as_str) {
                    comment.channel = channel.to_owned();
                }
                Ok(comment)
            })
            .collect()
    }

    fn after_incoming(
        &self,
        side: Side,
        file: &str,
        input: &Incoming<'_>,
        draft: &mut Draft,
        reply: Reply,
    ) -> Result<(), RuleError> {
        let fault = |at: Option<Spot>, reason: String| script_fault(file, at, reason);
        for id in &reply.dropped {
            draft.fields.remove(id.as_str());
        }
        for (id, (json, at)) in reply.assigned {
            let id = FieldName::from(id.as_str());
            let current = input.target.fields.get(&id);
            let value = convert::native_value(&json, &id, current, self.catalogues.get(side))
                .map_err(|reason| fault(at, format!("issue.{id}: {reason}")))?;
            let by = Assigner::Script {
                file: file.to_owned(),
                line: at.map(|at| at.line),
            };
            draft.fields.insert(id, Assigned { value, by });
        }
        for comment in reply.comments {
            let listed = self.rules.comments.as_ref().is_some_and(|rules| {
                let mut channels = rules.channels.iter();
                channels.any(|pair| *pair.value.names.get(side) == comment.channel)
            });
            if !listed {
                let reason = format!(
                    "addComment: the channel \"{}\" is not listed in [comments]",
                    comment.channel
                );
                return Err(fault(comment.at, reason));
            }
            let body = convert::rich_from(&comment.body)
                .map_err(|reason| fault(comment.at, format!("addComment: {reason}")))?;
            draft.comments.push(ScriptComment {
                key: comment.key,
                body,
                channel: comment.channel,
            });
        }
        for (name, why) in reply.held {
            // The value stays: a held field is not written, and a person's release writes it.
            draft.held.insert(name.as_str().into(), why);
        }
        draft.trace.extend(reply.trace);
        Ok(())
    }
}

impl Rules for CompiledRules {
    fn contract(&self) -> &Contract {
        &self.contract
    }

    /// A script may give any field; which it gives only its runs show.
    fn shows(&self, side: Side, field: &ReplicaField) -> bool {
        let known = self.rules.fields.get(field);
        known.is_some_and(|known| known.sources.get(side).is_some() || self.script(side).is_some())
    }

    fn closing(
        &self,
        side: Side,
        item: &Item,
        remote: &ItemRef,
    ) -> Option<BTreeMap<FieldName, Value>> {
        map::closing(self.map(side), item, remote)
    }

    fn admits(&self, side: Side, item: &Item) -> Result<bool, RuleError> {
        let program = self.programs.get(side).as_ref();
        let Some((program, (_, file, spot))) =
            program.and_then(|program| Some((program, program.when.as_ref()?)))
        else {
            return Ok(true);
        };
        let call = Call::new(CallKind::When, convert::issue(item), Json::Null);
        let reply = self.runner.run(program, &call).map_err(|failure| {
            let mut error = self.rule_error(failure);
            error.file.clone_from(file);
            error.line = Some(spot.line);
            error.column = Some(spot.column);
            error
        })?;
        Ok(reply.admitted)
    }

    fn outgoing(
        &self,
        side: Side,
        item: &Item,
        link: Option<&Link>,
    ) -> Result<Outgoing, RuleError> {
        let MapView {
            fields,
            held,
            waived,
            notes,
            vias,
        } = map::outgoing(self.map(side), item);
        let comments = self.crossing_comments(side, item);
        let mut outgoing = Outgoing {
            view: View {
                fields,
                comments,
                attachments: self.crossing_attachments(side, item),
            },
            held,
            withheld: BTreeMap::new(),
            waived,
            trace: notes,
        };
        let Some((program, file)) = self.script(side) else {
            return Ok(outgoing);
        };
        let sent = convert::replica(&outgoing.view);
        let mut call = Call::new(CallKind::Outgoing, convert::issue(item), sent);
        call.first_sync = link.is_none_or(|link| link.first_sync);
        call.link = convert::link(link);
        call.vias = vias;
        let reply = self.run(program, &call)?;
        self.after_outgoing(file, &call.replica, &mut outgoing.view, &reply)?;
        for (name, why) in reply.held {
            let name = ReplicaField::from(name.as_str());
            if let Some(value) = outgoing.view.fields.remove(&name) {
                outgoing.withheld.insert(name.clone(), value);
            }
            outgoing.held.insert(name, why);
        }
        outgoing.trace.extend(reply.trace);
        Ok(outgoing)
    }

    fn incoming(&self, side: Side, input: &Incoming<'_>) -> Result<Draft, RuleError> {
        let MapDraft {
            fields,
            held,
            waived,
            cut,
            trace,
            vias,
        } = map::incoming(self.map(side), input);
        let assigned: BTreeMap<FieldName, Value> = fields
            .iter()
            .map(|(id, (value, _))| (id.clone(), value.clone()))
            .collect();
        let by_map = |(id, (value, name)): (FieldName, (Value, ReplicaField))| {
            let by = Assigner::Map(name);
            (id, Assigned { value, by })
        };
        let mut draft = Draft {
            fields: fields.into_iter().map(by_map).collect(),
            comments: Vec::new(),
            held,
            waived,
            cut,
            trace,
        };
        let Some((program, file)) = self.script(side) else {
            return Ok(draft);
        };
        let call = incoming_call(input, &assigned, vias);
        let reply = self.run(program, &call)?;
        self.after_incoming(side, file, input, &mut draft, reply)?;
        Ok(draft)
    }
}

/// What a script got wrong, where it is known where.
fn script_fault(file: &str, at: Option<Spot>, reason: String) -> RuleError {
    RuleError {
        file: file.to_owned(),
        line: at.map(|at| at.line),
        column: at.map(|at| at.column),
        reason,
        rejected: false,
    }
}

fn incoming_call(
    input: &Incoming<'_>,
    assigned: &BTreeMap<FieldName, Value>,
    vias: Vec<ViaCall>,
) -> Call {
    let issue = convert::issue(input.target);
    let mut call = Call::new(CallKind::Incoming, issue, convert::replica(input.replica));
    call.assigned = assigned
        .iter()
        .map(|(id, value)| (id.as_str().to_owned(), convert::value_json(value)))
        .collect();
    call.previous = input.previous.map_or(Json::Null, convert::replica);
    call.first_sync = input.first_sync;
    call.link = convert::link(Some(input.link));
    call.vias = vias;
    call
}
