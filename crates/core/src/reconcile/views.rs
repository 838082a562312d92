//! From facts to views and bases: what each side shows now, and what it showed when the twins were last in step.

use super::facts::{Base, Facts, SideFacts};
use super::pending::{keep_unsettled, owed_by_source};
use super::texts::far_beyond_limit;
use super::values::{answers, carry_elements, same, same_opt, texts, written};
use super::vocabulary::base;
use crate::comments::script_origin;
use crate::contract::{Contract, FieldContract};
use crate::digest::Digest;
use crate::item::{Item, ItemId, ItemRef, Value, Version, field};
use crate::names::{FieldName, ReplicaField, Side, Sides};
use crate::rules::{Link, Outgoing, RuleError, Rules, ScriptComment};
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};

/// Both items of a twin in the contract's vocabulary: what every later stage reads.
pub(super) struct Scene<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) rules: &'a dyn Rules,
    pub(super) contract: &'a Contract,
    pub(super) links: Sides<Link>,
    pub(super) items: Sides<Item>,
    pub(super) shown: Sides<Outgoing>,
    pub(super) bases: Sides<Option<Base>>,
}

/// How one side's view of a field stands to its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Not in the view: never a change (R8).
    Absent,
    /// In the view, and never in step.
    Unset,
    /// As in the base.
    Same,
    /// Other than in the base.
    Changed,
}

impl<'a> Scene<'a> {
    /// Runs both outgoing rules and brings both bases into this rule version (R2).
    pub(super) fn set(
        facts: &'a Facts<'a>,
        rules: &'a dyn Rules,
        items: Sides<Item>,
    ) -> Result<Self, RuleError> {
        let contract = rules.contract();
        let links = Sides::from_fn(|side| link(facts, contract, &items, side));
        let mut shown = Sides::<Outgoing>::default();
        let mut bases = Sides::<Option<Base>>::default();
        for side in Side::BOTH {
            let link = Some(links.get(side));
            *shown.get_mut(side) = rules.outgoing(side, items.get(side), link)?;
            *bases.get_mut(side) = base(facts, rules, links.get(side), items.get(side))?;
        }
        let before = bases.clone();
        let mut arrived = Sides::<BTreeMap<ReplicaField, Value>>::default();
        for side in Side::BOTH {
            let own = OwnWrites {
                rules,
                link: links.get(side),
                shown: shown.get(side),
                item: items.get(side),
            };
            if is_newborn(facts, &items, &bases, side) {
                let source = items.get(side.other());
                let asked = super::create::asked(facts, rules, side.other(), source)?;
                let source_view = &shown.get(side.other()).view;
                bases = own.born(facts.sides.get(side), source, source_view, asked)?;
                break;
            }
            *arrived.get_mut(side) =
                own.account(facts.sides.get(side), bases.get_mut(side).as_mut())?;
        }
        // Only when both sides are accounted for: what a side had sent is no part of its base observation yet, by which its
        // own writes are found.
        for side in Side::BOTH {
            if let Some(base) = bases.get_mut(side) {
                let mut sent = std::mem::take(arrived.get_mut(side.other()));
                if let Some(before) = before.get(side) {
                    with_own_writes(&mut sent, before, base);
                }
                follow_sent(base, contract, side, sent, shown.get(side), items.get(side));
            }
        }
        Ok(Self {
            facts,
            rules,
            contract,
            links,
            items,
            shown,
            bases,
        })
    }

    pub(super) fn view(&self, side: Side, field: &ReplicaField) -> Option<&Value> {
        self.shown.get(side).view.fields.get(field)
    }

    pub(super) fn base(&self, side: Side, field: &ReplicaField) -> Option<&Value> {
        self.bases.get(side).as_ref()?.fields.get(field)
    }

    pub(super) fn side(&self, side: Side) -> &SideFacts<'a> {
        self.facts.sides.get(side)
    }

    pub(super) fn mark(&self, side: Side, field: &ReplicaField) -> Mark {
        match (self.view(side, field), self.base(side, field)) {
            (None, _) => Mark::Absent,
            (Some(_), None) => Mark::Unset,
            (Some(view), Some(base)) if same(view, base) => Mark::Same,
            (Some(_), Some(_)) => Mark::Changed,
        }
    }

    pub(super) fn contract_of(&self, field: &ReplicaField) -> &'a FieldContract {
        let contract = self.contract;
        contract
            .fields
            .get(field)
            .expect("only fields of the contract are planned")
    }

    /// Whether a native value is what the tracker would make of `wanted`.
    pub(super) fn holds(&self, side: Side, native: &FieldName, wanted: &Value) -> bool {
        let Some(now) = self.items.get(side).fields.get(native) else {
            return false;
        };
        answers(wanted, now)
            || (far_beyond_limit(self, side, native, wanted).is_none()
                && same(now, &(self.side(side).normalise)(native, wanted)))
    }
}

/// The link as the rules of one side see it.
pub(super) fn link(
    facts: &Facts<'_>,
    contract: &Contract,
    items: &Sides<Item>,
    side: Side,
) -> Link {
    let own = &items.get(side).reference;
    Link {
        id: facts.link.clone(),
        connection: contract.connection.clone(),
        side,
        local: (!own.item.id.is_empty()).then(|| own.clone()),
        remote: items.get(side.other()).reference.clone(),
        since: facts.since,
    }
}

/// An item without anything: the target of a create.
pub(super) fn blank(node: &crate::names::NodeName, scope: &BTreeMap<String, String>) -> Item {
    let item = ItemId {
        node: node.clone(),
        id: String::new(),
    };
    Item {
        reference: ItemRef {
            item,
            key: String::new(),
            url: String::new(),
        },
        fields: BTreeMap::new(),
        comments: None,
        attachments: None,
        version: Version::default(),
        marker: None,
        scope: scope.clone(),
    }
}

/// Whether a comment that the script asked for at the creation has its link on the side's item; `false` while there are
/// not both items.
pub(super) fn is_written(facts: &Facts<'_>, side: Side, asked: &ScriptComment) -> bool {
    let item = |side| {
        let seen = facts.sides.get(side).seen.item();
        seen.map(|item| &item.reference.item)
    };
    let (Some(here), Some(other)) = (item(side), item(side.other())) else {
        return false;
    };
    let origin = script_origin(&facts.link, other, &asked.key, &at_creation());
    let mut links = facts.comments.iter();
    links.any(|link| link.origin.identity() == origin.identity() && link.item == *here)
}

/// The causing change of the comments that a script asks for when the item is created: there is one creation to a link.
pub(super) fn at_creation() -> Digest {
    Digest::of_parts(&["created"])
}

/// Whether a side's item was created by us and no base accounts for it yet: the answer to the creation was lost.
fn is_newborn(
    facts: &Facts<'_>,
    items: &Sides<Item>,
    bases: &Sides<Option<Base>>,
    side: Side,
) -> bool {
    facts.created_from == Some(side.other())
        && bases.left.is_none()
        && bases.right.is_none()
        && !facts.sides.get(side).unsettled.is_empty()
        && !items.get(side).reference.item.id.is_empty()
}

/// Whether a native field is reached through a workflow: then a creation does not set it in one step.
pub(super) fn is_workflow(native: &FieldName) -> bool {
    matches!(native.as_str(), field::STATUS | field::RESOLUTION)
}

/// Whether nobody can have changed the item since its creation: then a value that is not the one that it was created with
/// is the tracker's default, for a field that a creation cannot set. Whole-second times cannot tell, and their trackers'
/// connectors report what was dropped.
pub(super) fn is_untouched(item: &Item) -> bool {
    match item.get(field::CREATED) {
        Some(Value::Time(created)) => {
            item.version.resolution_ms <= 1 && item.version.updated <= *created
        }
        _ => true,
    }
}

/// Finding our unsettled writes on one side's item.
struct OwnWrites<'a> {
    rules: &'a dyn Rules,
    link: &'a Link,
    shown: &'a Outgoing,
    item: &'a Item,
}

impl OwnWrites<'_> {
    /// The bases of twins whose creation was answered to nobody: the item was born with what we sent, so what it shows
    /// instead, a person made of it. A field that it does not show at all did not arrive, and is the source's to send.
    fn born(
        &self,
        facts: &SideFacts<'_>,
        source: &Item,
        source_view: &View,
        asked: Vec<ScriptComment>,
    ) -> Result<Sides<Option<Base>>, RuleError> {
        let mut born = self.item.clone();
        let writes = || {
            facts
                .unsettled
                .iter()
                .flat_map(|unsettled| &unsettled.fields)
        };
        for (native, write) in writes().filter(|(native, _)| !is_workflow(native)) {
            let value = (facts.normalise)(native, &written(None, write));
            born.fields.insert(native.clone(), value);
        }
        let side = self.link.side;
        let contract = self.rules.contract();
        let mut predicted = self
            .rules
            .outgoing(side, &born, Some(self.link))?
            .view
            .fields;
        let base = |observation: Item| Base {
            observation,
            rule_version: contract.version,
            fields: BTreeMap::new(),
            pending: BTreeSet::new(),
            advanced: BTreeMap::new(),
            asked: Vec::new(),
        };
        let (mut here, mut there) = (base(born), base(source.clone()));
        here.asked = asked;
        for (field, value) in facts.unsettled.iter().flat_map(|unsettled| &unsettled.sent) {
            let natives = contract.fields.get(field).map(|one| one.native.get(side));
            let at_once = natives.is_some_and(|natives| !natives.iter().any(is_workflow));
            let shown = self
                .shown
                .view
                .fields
                .get(field)
                .is_some_and(|now| !now.is_empty());
            let now = self.shown.view.fields.get(field);
            let told = |ours: &Value| !is_untouched(self.item) || same_opt(Some(ours), now);
            let ours = predicted.remove(field);
            if let Some(ours) = ours.filter(|ours| at_once && shown && told(ours)) {
                here.fields.insert(field.clone(), ours);
                there.fields.insert(field.clone(), value.clone());
            }
        }
        there.pending.extend(owed_by_source(contract, source_view));
        let mut bases = Sides::default();
        *bases.get_mut(side) = Some(here);
        *bases.get_mut(side.other()) = Some(there);
        keep_unsettled(&mut bases);
        Ok(bases)
    }

    /// Where the item shows just what our unsettled writes would have made of the base, the difference is ours and no
    /// person's: the base follows it. Gives the values that had been sent for those fields: the other side's base.
    fn account(
        &self,
        facts: &SideFacts<'_>,
        base: Option<&mut Base>,
    ) -> Result<BTreeMap<ReplicaField, Value>, RuleError> {
        let mut found = BTreeMap::new();
        let Some(base) = base.filter(|_| !facts.unsettled.is_empty()) else {
            return Ok(found);
        };
        let mut expected = base.observation.clone();
        let writes = || {
            facts
                .unsettled
                .iter()
                .flat_map(|unsettled| &unsettled.fields)
        };
        for (native, write) in writes() {
            let value = written(expected.fields.get(native), write);
            let value = (facts.normalise)(native, &value);
            expected.fields.insert(native.clone(), value);
        }
        let predicted = match self
            .rules
            .outgoing(self.link.side, &expected, Some(self.link))
        {
            Ok(shown) => shown.view.fields,
            // A newer version rejects what we wrote: then it is the item's present state that counts.
            Err(error) if error.rejected => return Ok(found),
            Err(error) => return Err(error),
        };
        let sent: BTreeMap<_, _> = facts
            .unsettled
            .iter()
            .flat_map(|unsettled| &unsettled.sent)
            .collect();
        for (field, value) in &mut base.fields {
            let (Some(ours), Some(now)) = (predicted.get(field), self.shown.view.fields.get(field))
            else {
                continue;
            };
            let arrived = if answers(ours, now) {
                Some(now.clone())
            } else {
                confirm(value, ours, now)
            };
            let Some(arrived) = arrived else { continue };
            *value = arrived;
            if let Some(sent) = sent.get(field).filter(|_| answers(ours, value)) {
                found.insert(field.clone(), (*sent).clone());
            }
        }
        for (native, _) in writes() {
            let both = expected.fields.get(native);
            if let Some((ours, now)) = both.zip(self.item.fields.get(native))
                && answers(ours, now)
            {
                base.observation.fields.insert(native.clone(), now.clone());
            }
        }
        Ok(found)
    }
}

/// What a side had sent, with what our own writes have made of its sets since: both sides of a set may have been written
/// by the same plan, each with the elements that the other had changed.
fn with_own_writes(sent: &mut BTreeMap<ReplicaField, Value>, before: &Base, accounted: &Base) {
    for (field, value) in sent {
        let (Some(old), Some(new)) = (before.fields.get(field), accounted.fields.get(field)) else {
            continue;
        };
        if !same(old, new)
            && let Some(carried) = carry_elements(old, new, value)
        {
            *value = carried;
        }
    }
}

/// A source's base follows the values that had arrived on the other side. Where the source still shows one, its native
/// values are those that were sent: without them the check for hidden overwrites (R5) would take our own delivery for a
/// person's change. Where it shows another, the field has changed in view, and the observation follows when it settles.
fn follow_sent(
    base: &mut Base,
    contract: &Contract,
    side: Side,
    sent: BTreeMap<ReplicaField, Value>,
    shown: &Outgoing,
    item: &Item,
) {
    for (field, value) in sent {
        if same_opt(shown.view.fields.get(&field), Some(&value)) {
            let declared = contract.fields.get(&field);
            let natives = declared
                .into_iter()
                .flat_map(|field| field.native.get(side));
            let now = natives.filter_map(|native| item.fields.get_key_value(native));
            base.observation
                .fields
                .extend(now.map(|(native, now)| (native.clone(), now.clone())));
        }
        base.fields.insert(field, value);
    }
}

/// The base with those element edits that both our write and the present view show.
fn confirm(base: &Value, ours: &Value, now: &Value) -> Option<Value> {
    let (base, ours, now) = (texts(base)?, texts(ours)?, texts(now)?);
    let kept = base
        .iter()
        .filter(|element| ours.contains(*element) || now.contains(*element));
    let added = ours
        .iter()
        .filter(|element| !base.contains(*element) && now.contains(*element));
    Some(Value::Set(kept.chain(added).cloned().collect()))
}
