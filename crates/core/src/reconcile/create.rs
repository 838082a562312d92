//! Creating the twin of an item that has none.

use super::drafts::{CrossingFields, Drafts};
use super::facts::Facts;
use super::plan::{Cause, Decision, Hold, Plan, Planned, Standing, WriteNote};
use super::run::{empty, working};
use super::texts::{Texts, beyond_limit};
use super::values::write_between;
use super::views::{Scene, blank};
use super::writes::SideWrites;
use crate::effect::Effect;
use crate::item::{Item, Value};
use crate::marker::Marker;
use crate::names::{FieldName, ReplicaField, Side, Sides};
use crate::rules::{Assigner, RuleError, Rules, ScriptComment};
use std::collections::{BTreeMap, BTreeSet};

/// Plans the creation of the other side's item from `source`'s, when the rule's `when` admits it. That the native
/// trigger matches is the engine's fact: it asks for no such plan otherwise. Comments follow with the next plan.
pub(super) fn created(
    facts: &Facts<'_>,
    rules: &dyn Rules,
    source: Side,
    item: &Item,
) -> Result<Plan, RuleError> {
    if !rules.admits(source, item)? {
        return Ok(empty(facts, rules, Standing::NotAdmitted));
    }
    let target = source.other();
    let scope = rules.contract().scopes.get(target);
    let Creation {
        scene,
        fields,
        drafts,
    } = Creation::draft(facts, rules, source, item)?;
    let writes = side_writes(
        &scene,
        source,
        &drafts,
        &crossing(&fields).into_keys().collect(),
    );
    let marker = Marker {
        root: facts.root.clone(),
        link: facts.link.clone(),
    };
    let mut plan = empty(facts, rules, Standing::Active);
    plan.effects.push(Planned {
        side: target,
        effect: Effect::Create {
            scope: scope.clone(),
            fields: writes
                .fields
                .iter()
                .map(|(native, (_, note))| (native.clone(), note.after.clone()))
                .collect(),
            marker,
        },
        fields: writes
            .fields
            .iter()
            .map(|(native, (_, note))| (native.clone(), note.clone()))
            .collect(),
        sent: crossing(&fields)
            .into_keys()
            .filter_map(|field| Some((field.clone(), scene.view(source, &field)?.clone())))
            .collect(),
        comment: None,
        attachment: None,
    });
    *plan.cut.get_mut(target) = writes.cut.clone();
    plan.skipped
        .get_mut(source)
        .clone_from(&scene.shown.get(source).waived);
    plan.trace
        .get_mut(source)
        .clone_from(&scene.shown.get(source).trace);
    *plan.trace.get_mut(target) = writes.trace.clone();
    *plan.working.get_mut(source) = working(&scene, source, &SideWrites::default())?;
    *plan.working.get_mut(target) = working(&scene, target, &writes)?;
    plan.working.get_mut(target).asked = drafts.d1.comments;
    plan.fields = fields;
    Ok(plan)
}

/// The comments that the script asks for when the item is created: they follow with a later plan, since they need its id.
pub(super) fn asked(
    facts: &Facts<'_>,
    rules: &dyn Rules,
    source: Side,
    item: &Item,
) -> Result<Vec<ScriptComment>, RuleError> {
    let creation = Creation::draft(facts, rules, source, item)?;
    Ok(creation.drafts.d1.comments)
}

/// What the rule makes of an item that is not there yet.
struct Creation<'a> {
    scene: Scene<'a>,
    fields: BTreeMap<ReplicaField, Decision>,
    drafts: Drafts,
}

impl<'a> Creation<'a> {
    fn draft(
        facts: &'a Facts<'a>,
        rules: &'a dyn Rules,
        source: Side,
        item: &Item,
    ) -> Result<Self, RuleError> {
        let scope = rules.contract().scopes.get(source.other());
        let mut items = Sides::from_fn(|side| blank(&facts.sides.get(side).node, scope));
        *items.get_mut(source) = item.clone();
        let scene = Scene::set(facts, rules, items)?;
        let mut fields = decisions(&scene, source);
        let mut drafts = scene.drafts(source, &crossing(&fields))?;
        if heed_the_rule(source, &drafts, &mut fields)
            | heed_the_limits(&scene, source, &drafts, &mut fields)
        {
            drafts = scene.drafts(source, &crossing(&fields))?;
        }
        Ok(Self {
            scene,
            fields,
            drafts,
        })
    }
}

fn crossing(fields: &BTreeMap<ReplicaField, Decision>) -> CrossingFields {
    let crossing = fields
        .iter()
        .filter(|(_, decision)| matches!(decision, Decision::Crosses { .. }));
    crossing.map(|(field, _)| (field.clone(), true)).collect()
}

/// Every field that leaves the source and is shown crosses, unless the outgoing rule holds it.
fn decisions(scene: &Scene<'_>, source: Side) -> BTreeMap<ReplicaField, Decision> {
    let mut decisions = BTreeMap::new();
    for (field, contract) in &scene.contract.fields {
        if let Some(reason) = scene.shown.get(source).held.get(field) {
            let hold = Hold::Rule {
                reason: reason.clone(),
            };
            decisions.insert(field.clone(), Decision::Held(hold));
        } else if contract.direction.leaves(source) && scene.view(source, field).is_some() {
            let cause = Cause::Created;
            decisions.insert(
                field.clone(),
                Decision::Crosses {
                    from: source,
                    cause,
                },
            );
        }
    }
    decisions
}

/// Takes out what the incoming rule holds or waives; whether there was any.
fn heed_the_rule(
    source: Side,
    drafts: &Drafts,
    fields: &mut BTreeMap<ReplicaField, Decision>,
) -> bool {
    let mut changed = false;
    for (field, decision) in fields.iter_mut() {
        if !matches!(decision, Decision::Crosses { .. }) {
            continue;
        }
        if let Some(reason) = drafts.d1.held.get(field) {
            *decision = Decision::Held(Hold::Rule {
                reason: reason.clone(),
            });
            changed = true;
        } else if let Some(reason) = drafts.d1.waived.get(field) {
            *decision = Decision::Waived {
                from: source,
                reason: reason.clone(),
            };
            changed = true;
        }
    }
    changed
}

/// Takes out what is longer than the target takes; whether there was any.
fn heed_the_limits(
    scene: &Scene<'_>,
    source: Side,
    drafts: &Drafts,
    fields: &mut BTreeMap<ReplicaField, Decision>,
) -> bool {
    let target = source.other();
    let mut changed = false;
    for (native, assigned) in &drafts.d1.fields {
        let beyond = beyond_limit(scene, target, native, &assigned.value);
        let Some((chars, limit)) = beyond else {
            continue;
        };
        let crossing = crossing(fields).into_keys().collect();
        for field in causes(scene, target, native, &assigned.by, &crossing) {
            let hold = Hold::TooLong { chars, limit };
            fields.insert(field, Decision::Held(hold));
            changed = true;
        }
    }
    changed
}

/// Everything that the rule assigns and that is not empty.
fn side_writes(
    scene: &Scene<'_>,
    source: Side,
    drafts: &Drafts,
    crossing: &BTreeSet<ReplicaField>,
) -> SideWrites {
    let target = source.other();
    let mut writes = SideWrites {
        cut: drafts.d1.cut.clone(),
        trace: drafts.d1.trace.clone(),
        ..SideWrites::default()
    };
    for (native, assigned) in &drafts.d1.fields {
        let causes = causes(scene, target, native, &assigned.by, crossing);
        for field in &causes {
            writes
                .natives
                .entry(field.clone())
                .or_default()
                .insert(native.clone());
        }
        if assigned.value.is_empty() {
            continue;
        }
        let write = write_between(Some(&Value::Empty), &assigned.value);
        let texts = Texts::between(scene, source, native, &causes);
        let note = WriteNote {
            by: assigned.by.clone(),
            caused_by: causes,
            before: None,
            after: assigned.value.clone(),
            overwrites: false,
            hops: 0,
            lost: BTreeSet::new(),
            unshown: texts.unshown(&write),
        };
        writes.fields.insert(native.clone(), (write, note));
    }
    writes
}

fn causes(
    scene: &Scene<'_>,
    target: Side,
    native: &FieldName,
    by: &Assigner,
    crossing: &BTreeSet<ReplicaField>,
) -> BTreeSet<ReplicaField> {
    if let Assigner::Map(field) = by {
        return BTreeSet::from([field.clone()]);
    }
    let declares =
        |field: &&ReplicaField| scene.contract_of(field).native.get(target).contains(native);
    crossing.iter().filter(declares).cloned().collect()
}
