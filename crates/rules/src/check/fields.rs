//! `[fields.NAME]`.

use super::Judge;
use crate::finding::{Spot, suggest};
use crate::map::natives;
use crate::model::{FieldRules, NativeSource};
use std::collections::BTreeMap;
use twinline_core::contract::{Conflict, Direction};
use twinline_core::names::{FieldName, ReplicaField, Side};

pub(super) fn fields(judge: &mut Judge<'_>) {
    let rules = judge.rules;
    for (name, field) in &rules.fields {
        for side in Side::BOTH {
            native_fields(judge, field, side);
        }
        used(judge, name, field);
        latest(judge, name, field);
    }
    for side in Side::BOTH {
        written_twice(judge, side);
        required(judge, side);
    }
}

/// Reports a native field that the side does not have. True: it is there, or nothing is known.
pub(super) fn known(judge: &mut Judge<'_>, side: Side, name: &str, spot: Spot) -> bool {
    let catalogue = judge.catalogues.get(side);
    if catalogue.is_blank() || catalogue.field(name).is_some() {
        return true;
    }
    let fields = &catalogue.description().fields;
    let names = fields
        .iter()
        .flat_map(|(id, info)| [id.as_str(), info.name.as_str()]);
    let way_out = suggest(name, names);
    let what = format!("{} has no field '{name}'", judge.node(side));
    judge.error(spot, what, way_out);
    false
}

fn native_fields(judge: &mut Judge<'_>, field: &FieldRules, side: Side) {
    let Some(source) = field.sources.get(side) else {
        return;
    };
    let NativeSource::Fields(names) = &source.value else {
        return;
    };
    for name in names {
        if !known(judge, side, &name.value, name.spot) {
            continue;
        }
        let catalogue = judge.catalogues.get(side);
        let id = catalogue.resolve(&name.value);
        let Some(info) = catalogue.info(&id) else {
            continue;
        };
        if !info.writable && field.direction.leaves(side.other()) {
            let what = format!("'{}' of {} cannot be written", name.value, judge.node(side));
            let arrow = if side == Side::Left { "->" } else { "<-" };
            judge.error(name.spot, what, format!("write dir = \"{arrow}\""));
        }
        if let (Some(max), Some(limit)) = (*field.max_chars.get(side), info.max_chars)
            && max > limit
        {
            let what = format!(
                "'{}' of {} holds {limit} characters, less than max = {max}",
                name.value,
                judge.node(side)
            );
            judge.error(
                name.spot,
                what,
                format!("write max = {{ {side} = {limit} }}"),
            );
        }
    }
}

/// A replica field that nobody fills or nobody reads.
fn used(judge: &mut Judge<'_>, name: &ReplicaField, field: &FieldRules) {
    let touches = |side: Side| {
        field.sources.get(side).is_some() || judge.script_mentions(side, name.as_str())
    };
    let fills = |side: Side| field.direction.leaves(side) && touches(side);
    let reads = |side: Side| field.direction.leaves(side.other()) && touches(side);
    let filled = Side::BOTH.into_iter().any(fills);
    let read = Side::BOTH.into_iter().any(reads);
    let missing = Side::BOTH.into_iter().find(|side| !touches(*side));
    match (filled, read, missing) {
        (false, _, _) => judge.error(
            field.spot,
            format!("nobody fills the replica field '{name}'"),
            "name a native field, or assign it in a script's outgoing",
        ),
        (_, false, _) => judge.error(
            field.spot,
            format!("nobody reads the replica field '{name}'"),
            "name a native field, or read it in a script's incoming",
        ),
        (_, _, Some(side)) => judge.warn(
            field.spot,
            format!("the replica field '{name}' crosses both ways, but the {side} neither fills nor reads it"),
            "give it a dir, or a native field on that side",
        ),
        _ => {}
    }
}

/// `latest` asks the tracker's field history, which some fields do not have.
fn latest(judge: &mut Judge<'_>, name: &ReplicaField, field: &FieldRules) {
    if field.conflict.value != Conflict::Latest || field.direction != Direction::Both {
        return;
    }
    for side in Side::BOTH {
        let Some(capabilities) = judge.capabilities.get(side) else {
            continue;
        };
        let natives = natives(field, side, judge.catalogues.get(side));
        let without = natives
            .iter()
            .find(|native| !capabilities.field_history.contains(native.as_str()));
        let reason = match without {
            Some(native) => Some(format!(
                "{} keeps no history of '{native}'",
                capabilities.tracker
            )),
            // What a script makes it of is not known, and so neither whose history tells.
            None if natives.is_empty() && judge.script_mentions(side, name.as_str()) => {
                Some(format!("on the {side} only a script fills it"))
            }
            None => None,
        };
        if let Some(reason) = reason {
            let what = format!("[fields.{name}] cannot be settled by \"latest\": {reason}");
            judge.error(
                field.conflict.spot,
                what,
                format!(
                    "write conflict = \"left\", \"right\", \"merge\" or \"hold\" in [fields.{name}]"
                ),
            );
        }
    }
}

/// Two replica fields that write one native field would undo each other.
fn written_twice(judge: &mut Judge<'_>, side: Side) {
    let rules = judge.rules;
    let mut writers: BTreeMap<FieldName, &ReplicaField> = BTreeMap::new();
    for (name, field) in &rules.fields {
        if !field.direction.leaves(side.other()) {
            continue;
        }
        for native in natives(field, side, judge.catalogues.get(side)) {
            if let Some(first) = writers.get(&native) {
                let what = format!(
                    "'{native}' on the {side} is written by [fields.{first}] and by [fields.{name}]"
                );
                let spot = field
                    .sources
                    .get(side)
                    .as_ref()
                    .map_or(field.spot, |source| source.spot);
                judge.error(spot, what, "let one of them read only, by its dir");
            } else {
                writers.insert(native, name);
            }
        }
    }
}

/// Fields that a create needs and nothing fills.
fn required(judge: &mut Judge<'_>, side: Side) {
    let rules = judge.rules;
    if rules.sides.get(side.other()).trigger.is_none() {
        return;
    }
    let catalogue = judge.catalogues.get(side);
    let writes = |id: &FieldName| {
        rules.fields.values().any(|field| {
            field.direction.leaves(side.other()) && natives(field, side, catalogue).contains(id)
        })
    };
    let own = rules.sides.get(side);
    let mut missing = Vec::new();
    for (id, info) in &catalogue.description().fields {
        let filled = own.scope.contains_key(id.as_str())
            || writes(id)
            || judge.script_mentions(side, id.as_str())
            || judge
                .sources
                .scripts
                .get(side)
                .as_ref()
                .is_some_and(|script| script.text.contains(&info.name));
        if info.required && !filled {
            missing.push(info.name.clone());
        }
    }
    for name in missing {
        let what = format!(
            "creating an item of {} needs '{name}', which nothing fills",
            judge.node(side)
        );
        judge.warn(
            own.node.spot,
            what,
            "map it, with a default, or assign it in the script's incoming",
        );
    }
}
