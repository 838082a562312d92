//! From facts to views and bases: what each side shows now, and what it showed when the twins were last in step.

use super::facts::{Base, Facts, SideFacts};
use super::values::{same, same_opt, texts, written};
use crate::comments::script_origin;
use crate::contract::{Contract, FieldContract};
use crate::digest::Digest;
use crate::item::{Item, ItemId, ItemRef, Value, Version};
use crate::names::{FieldName, ReplicaField, Side, Sides};
use crate::rules::{Link, Outgoing, RuleError, Rules, ScriptComment};
use std::collections::BTreeMap;

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
            *bases.get_mut(side) = base(facts, rules, side, links.get(side))?;
        }
        for side in Side::BOTH {
            let own = OwnWrites {
                rules,
                link: links.get(side),
                shown: shown.get(side),
                item: items.get(side),
            };
            let found = own.account(facts.sides.get(side), bases.get_mut(side).as_mut())?;
            if let Some(source) = bases.get_mut(side.other()) {
                source.fields.extend(found);
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
        same(now, wanted) || same(now, &(self.side(side).normalise)(native, wanted))
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

/// The stored base in this rule version's vocabulary.
fn base(
    facts: &Facts<'_>,
    rules: &dyn Rules,
    side: Side,
    link: &Link,
) -> Result<Option<Base>, RuleError> {
    let Some(stored) = &facts.sides.get(side).base else {
        return Ok(None);
    };
    let mut base = stored.clone();
    let contract = rules.contract();
    if base.rule_version != contract.version {
        let mut fresh = rules
            .outgoing(side, &base.observation, Some(link))?
            .view
            .fields;
        let known = |field: &ReplicaField| contract.fields.contains_key(field);
        fresh.retain(|field, _| stored.fields.contains_key(field) && known(field));
        base.fields = fresh;
        base.pending.retain(known);
        base.advanced.retain(|field, _| known(field));
        base.rule_version = contract.version;
    }
    base.asked.retain(|asked| !is_written(facts, side, asked));
    Ok(Some(base))
}

/// Whether a comment that the script asked for at the creation has its link.
pub(super) fn is_written(facts: &Facts<'_>, side: Side, asked: &ScriptComment) -> bool {
    let (node, other) = (
        &facts.sides.get(side).node,
        &facts.sides.get(side.other()).node,
    );
    let origin = script_origin(&facts.link, other, &asked.key, &at_creation());
    let mut links = facts.comments.iter();
    links.any(|link| link.origin == origin && link.node == *node)
}

/// The causing change of the comments that a script asks for when the item is created: there is one creation to a link.
pub(super) fn at_creation() -> Digest {
    Digest::of_parts(&["created"])
}

/// Finding our unsettled writes on one side's item.
struct OwnWrites<'a> {
    rules: &'a dyn Rules,
    link: &'a Link,
    shown: &'a Outgoing,
    item: &'a Item,
}

impl OwnWrites<'_> {
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
        let predicted = self
            .rules
            .outgoing(self.link.side, &expected, Some(self.link))?
            .view
            .fields;
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
            let arrived = if same(ours, now) {
                Some(now.clone())
            } else {
                confirm(value, ours, now)
            };
            let Some(arrived) = arrived else { continue };
            *value = arrived;
            if let Some(sent) = sent.get(field).filter(|_| same(value, ours)) {
                found.insert(field.clone(), (*sent).clone());
            }
        }
        for (native, _) in writes() {
            let now = self.item.fields.get(native);
            if same_opt(expected.fields.get(native), now) {
                base.observation
                    .fields
                    .extend(now.map(|now| (native.clone(), now.clone())));
            }
        }
        Ok(found)
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
