use super::*;
use crate::contract::{Conflict, Deleted, Direction, Drift, FieldContract, First, Leave};
use crate::item::{ItemId, ItemRef, Version};
use crate::names::Sides;
use crate::time::Timestamp;
use crate::view::View;
use std::collections::BTreeSet;

/// Shows the parent as it is, and assigns what it is given.
struct AsItIs {
    contract: Contract,
    by: Assigner,
}

impl Rules for AsItIs {
    fn contract(&self) -> &Contract {
        &self.contract
    }

    fn admits(&self, _: Side, _: &Item) -> Result<bool, RuleError> {
        Ok(true)
    }

    fn outgoing(&self, _: Side, item: &Item, _: Option<&Link>) -> Result<Outgoing, RuleError> {
        let mut outgoing = Outgoing::default();
        if let Some(value) = item.get(field::PARENT) {
            outgoing.view.fields.insert("epic".into(), value.clone());
        }
        Ok(outgoing)
    }

    fn incoming(&self, _: Side, input: &Incoming<'_>) -> Result<Draft, RuleError> {
        let mut draft = Draft::default();
        if let Some(value) = input.replica.fields.get("epic") {
            let assigned = crate::rules::Assigned {
                value: value.clone(),
                by: self.by.clone(),
            };
            draft.fields.insert(field::PARENT.into(), assigned);
        }
        Ok(draft)
    }
}

fn rules(by: Assigner) -> AsItIs {
    let parent = FieldContract {
        direction: Direction::Both,
        conflict: Conflict::Left,
        tie: Side::Left,
        first: First::Left,
        drift: Drift::Keep,
        native: Sides::from_fn(|_| BTreeSet::from([field::PARENT.into()])),
        max_chars: Sides::default(),
        parent: true,
    };
    let contract = Contract {
        connection: "c".into(),
        version: 1,
        nodes: Sides {
            left: "a".into(),
            right: "b".into(),
        },
        scopes: Sides::default(),
        triggers: Sides::default(),
        fields: BTreeMap::from([("epic".into(), parent)]),
        comments: None,
        attachments: None,
        leave: Leave::Sleep,
        deleted: Deleted::Unlink,
        closed_status: Sides::default(),
        max_writes_per_10min: 1,
    };
    AsItIs { contract, by }
}

fn item(parent: Option<Value>) -> Item {
    Item {
        reference: ItemRef {
            item: ItemId {
                node: "a".into(),
                id: "1".to_owned(),
            },
            key: "A-1".to_owned(),
            url: String::new(),
        },
        fields: parent
            .map(|value| (field::PARENT.into(), value))
            .into_iter()
            .collect(),
        comments: None,
        attachments: None,
        version: Version::default(),
        marker: None,
        scope: BTreeMap::new(),
    }
}

fn parents() -> Parents {
    let mut parents = Parents::default();
    let cluster = Sides {
        left: "A-7".to_owned(),
        right: "#70".to_owned(),
    };
    parents.add(Side::Left, "A-7".to_owned(), cluster.clone());
    // The cluster's other item on the left.
    parents.add(Side::Left, "B-7".to_owned(), cluster);
    parents
}

fn shown(side: Side, parent: Option<Value>) -> Option<Value> {
    let (rules, parents) = (rules(Assigner::Map("epic".into())), parents());
    let outgoing = parents
        .translate(&rules)
        .outgoing(side, &item(parent), None);
    outgoing.unwrap().view.fields.remove("epic")
}

#[test]
fn both_sides_show_the_same_parent_alike_and_others_as_their_own() {
    let check = |side: Side, parent: Option<Value>, expected: Option<&str>| {
        let expected = expected.map(Value::text);
        assert_eq!(shown(side, parent.clone()), expected, "{side} {parent:?}");
    };
    check(Side::Left, Some(Value::text("A-7")), Some("A-7"));
    check(Side::Left, Some(Value::text("B-7")), Some("A-7"));
    check(Side::Right, Some(Value::text("#70")), Some("A-7"));
    check(
        Side::Left,
        Some(Value::text("A-8")),
        Some("A-8 (left only)"),
    );
    check(
        Side::Right,
        Some(Value::text("A-7")),
        Some("A-7 (right only)"),
    );
    check(Side::Left, None, None);
    assert_eq!(shown(Side::Left, Some(Value::Empty)), Some(Value::Empty));
}

/// What is shown of a left parent that was shown as `before`, while the right side has `right`.
fn again(key: &str, before: &str, right: &str) -> Option<Value> {
    let rules = rules(Assigner::Map("epic".into()));
    let mut parents = parents();
    let shown = BTreeMap::from([("epic".into(), Value::text(before))]);
    parents.remember(Side::Left, key.to_owned(), shown);
    parents.now(Side::Left, key);
    parents.now(Side::Right, right);
    let item = item(Some(Value::text(key)));
    let outgoing = parents.translate(&rules).outgoing(Side::Left, &item, None);
    outgoing.unwrap().view.fields.remove("epic")
}

#[test]
fn only_a_parent_that_has_come_to_both_sides_makes_a_change_by_itself() {
    let check = |key: &str, before: &str, right: &str, expected: &str| {
        let found = again(key, before, right);
        assert_eq!(found, Some(Value::text(expected)), "{key} {before} {right}");
    };
    check("A-7", "A-7", "#70", "A-7");
    // Its twin has ended.
    check("A-8", "A-8", "#80", "A-8");
    check("A-8", "A-8 (left only)", "#70", "A-8 (left only)");
    // It has come.
    check("A-7", "A-7 (left only)", "#70", "A-7");
    // It has come, and the right side has one that has not.
    check("A-7", "A-7 (left only)", "#99", "A-7 (left only)");
}

#[test]
fn a_parent_that_may_be_hidden_is_absent() {
    let rules = rules(Assigner::Map("epic".into()));
    let mut parents = parents();
    parents.hide(Side::Left);
    let shown = |side| {
        let none = item(Some(Value::Empty));
        let outgoing = parents.translate(&rules).outgoing(side, &none, None);
        outgoing.unwrap().view.fields.remove("epic")
    };
    assert_eq!(shown(Side::Left), None);
    assert_eq!(shown(Side::Right), Some(Value::Empty));
}

fn assigned(side: Side, replica: Value, by: Assigner) -> (Option<Value>, Option<String>) {
    let (rules, parents) = (rules(by), parents());
    let view = View {
        fields: BTreeMap::from([("epic".into(), replica)]),
        comments: Vec::new(),
        attachments: Vec::new(),
    };
    let target = item(None);
    let link = Link {
        id: "l".into(),
        connection: "c".into(),
        side,
        local: None,
        remote: target.reference.clone(),
        since: Timestamp::EPOCH,
        first_sync: true,
    };
    let input = Incoming {
        target: &target,
        replica: &view,
        previous: None,
        first_sync: true,
        link: &link,
    };
    let mut draft = parents.translate(&rules).incoming(side, &input).unwrap();
    let value = draft.fields.remove(field::PARENT).map(|a| a.value);
    (value, draft.waived.remove("epic"))
}

#[test]
fn a_side_is_given_its_own_key_of_the_parent_or_nothing_and_why() {
    let check = |side: Side, replica: Value, expected: Result<Value, &str>| {
        let found = assigned(side, replica.clone(), Assigner::Map("epic".into()));
        let expected = match expected {
            Ok(value) => (Some(value), None),
            Err(reason) => (None, Some(reason.to_owned())),
        };
        assert_eq!(found, expected, "{side} {replica:?}");
    };
    check(Side::Right, Value::text("A-7"), Ok(Value::text("#70")));
    check(Side::Left, Value::text("A-7"), Ok(Value::text("A-7")));
    check(Side::Right, Value::Empty, Ok(Value::Empty));
    let alone = Err("no twin of the parent yet: A-8 (left only)");
    check(Side::Right, Value::text("A-8 (left only)"), alone);
    let unknown = Err("no twin of the parent yet: A-9");
    check(Side::Left, Value::text("A-9"), unknown);
}

#[test]
fn what_a_script_assigns_is_its_own_business() {
    let by = Assigner::Script {
        file: "r.js".to_owned(),
        line: None,
    };
    let found = assigned(Side::Right, Value::text("#71"), by);
    assert_eq!(found, (Some(Value::text("#71")), None));
}
