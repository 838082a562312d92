//! A small implementation of the rules' port: identity maps, value tables, cuts, and script-like functions.

use super::values::parse;
use crate::contract::{
    AttachmentContract, ChannelPair, CommentContract, Conflict, Contract, Deleted, Direction,
    Drift, FieldContract, First, Leave,
};
use crate::item::{Item, Value};
use crate::names::{ReplicaField, Side, Sides};
use crate::rules::{Assigned, Assigner, Draft, Incoming, Link, Outgoing, RuleError, Rules};
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};

pub(super) type OutgoingScript = fn(Side, &Item, &mut Outgoing);
pub(super) type IncomingScript = fn(Side, &Incoming<'_>, &mut Draft);

/// One row of a value table: the replica value and each side's natives, the first of which is written.
pub(super) type TableRow = (&'static str, Sides<&'static [&'static str]>);

pub(super) struct TestRules {
    pub(super) contract: Contract,
    pub(super) tables: BTreeMap<ReplicaField, Vec<TableRow>>,
    pub(super) outgoing: Option<OutgoingScript>,
    /// What the left side's `f` shows on a first sync.
    pub(super) outgoing_first: Option<&'static str>,
    pub(super) incoming: Option<IncomingScript>,
    pub(super) admits: bool,
    /// A text that an outgoing rule, or an incoming one, rejects.
    pub(super) rejects: Option<&'static str>,
    /// The side whose outgoing rule rejects; both where none is named.
    pub(super) rejects_on: Option<Side>,
    pub(super) rejects_incoming: Option<&'static str>,
}

impl TestRules {
    /// Rules without a field.
    pub(super) fn new(left: &str, right: &str) -> Self {
        Self {
            contract: Contract {
                connection: format!("{left}-{right}").as_str().into(),
                version: 1,
                nodes: Sides {
                    left: left.into(),
                    right: right.into(),
                },
                scopes: Sides::default(),
                triggers: Sides::default(),
                fields: BTreeMap::new(),
                comments: None,
                attachments: None,
                leave: Leave::Sleep,
                deleted: Deleted::Unlink,
                closed_status: Sides::default(),
                max_writes_per_10min: 500,
            },
            tables: BTreeMap::new(),
            outgoing: None,
            outgoing_first: None,
            incoming: None,
            admits: true,
            rejects: None,
            rejects_on: None,
            rejects_incoming: None,
        }
    }

    /// Adds a field of the same native name on both sides. `spec` is words: `->`, `<-`, `conflict=hold`, `first=right`,
    /// `tie=right`, `drift=restore`, `max=3` (on the right), `scripted` (no map entry).
    pub(super) fn field(mut self, name: &str, spec: &str) -> Self {
        let native = BTreeSet::from([name.into()]);
        let mut field = FieldContract {
            direction: Direction::Both,
            conflict: Conflict::Left,
            tie: Side::Left,
            first: First::Left,
            drift: Drift::Keep,
            native: Sides {
                left: native.clone(),
                right: native,
            },
            max_chars: Sides::default(),
            parent: false,
        };
        for word in spec.split_whitespace() {
            set(&mut field, word);
        }
        self.contract.fields.insert(name.into(), field);
        self
    }

    pub(super) fn table(mut self, field: &str, rows: &[TableRow]) -> Self {
        self.tables.insert(field.into(), rows.to_vec());
        self
    }

    /// Comments in `public` both ways and `internal` both ways.
    pub(super) fn comments(mut self) -> Self {
        let pair = |name: &str| ChannelPair {
            names: Sides {
                left: name.to_owned(),
                right: name.to_owned(),
            },
            direction: Direction::Both,
        };
        self.contract.comments = Some(CommentContract {
            channels: vec![pair("public"), pair("internal")],
            header: "{author}".to_owned(),
            edits: true,
            deletes: true,
            append_corrections: true,
        });
        self
    }

    /// Files of a mebibyte at most, both ways, deletions as well, and links for what is over.
    pub(super) fn files(mut self) -> Self {
        self.contract.attachments = Some(AttachmentContract {
            direction: Direction::Both,
            max_bytes: 1024 * 1024,
            deny: BTreeSet::from(["video/*".to_owned()]),
            link_over: true,
            deletes: true,
        });
        self
    }

    fn rows(&self, field: &ReplicaField) -> Option<&[TableRow]> {
        self.tables.get(field).map(Vec::as_slice)
    }

    fn bring(
        &self,
        side: Side,
        field: &ReplicaField,
        value: &Value,
        target: &Item,
        draft: &mut Draft,
    ) {
        let contract = &self.contract.fields[field];
        let mut value = value.clone();
        if let (Value::Text(text), Some(rows)) = (&value, self.rows(field)) {
            let row = rows.iter().find(|(replica, _)| replica == text);
            let Some((_, natives)) = row else {
                draft
                    .held
                    .insert(field.clone(), format!("no row for {text}"));
                return;
            };
            let natives = natives.get(side);
            let now = target.get(field.as_str());
            let holding = natives
                .iter()
                .find(|native| now == Some(&Value::text(**native)));
            value = Value::text(*holding.unwrap_or(&natives[0]));
        }
        if let (Value::Text(text), Some(max)) = (&value, contract.max_chars.get(side)) {
            let kept: String = text.chars().take(*max).collect();
            if kept != *text {
                draft.cut.insert(field.clone(), text.chars().count() - max);
                value = Value::Text(kept);
            }
        }
        let by = Assigner::Map(field.clone());
        draft
            .fields
            .insert(field.as_str().into(), Assigned { value, by });
    }
}

fn set(field: &mut FieldContract, word: &str) {
    match word {
        "->" => field.direction = Direction::ToRight,
        "<-" => field.direction = Direction::ToLeft,
        "conflict=left" => field.conflict = Conflict::Left,
        "conflict=right" => field.conflict = Conflict::Right,
        "conflict=latest" => field.conflict = Conflict::Latest,
        "conflict=merge" => field.conflict = Conflict::Merge,
        "conflict=hold" => field.conflict = Conflict::Hold,
        "first=left" => field.first = First::Left,
        "first=right" => field.first = First::Right,
        "first=filled" => field.first = First::Filled,
        "first=hold" => field.first = First::Hold,
        "tie=right" => field.tie = Side::Right,
        "drift=restore" => field.drift = Drift::Restore,
        "max=3" => field.max_chars.right = Some(3),
        "scripted" => field.native = Sides::default(),
        other => panic!("unknown word {other}"),
    }
}

impl Rules for TestRules {
    fn contract(&self) -> &Contract {
        &self.contract
    }

    fn admits(&self, _side: Side, _item: &Item) -> Result<bool, RuleError> {
        Ok(self.admits)
    }

    fn outgoing(
        &self,
        side: Side,
        item: &Item,
        link: Option<&Link>,
    ) -> Result<Outgoing, RuleError> {
        let mut outgoing = Outgoing {
            view: View {
                fields: BTreeMap::new(),
                comments: item.comments.clone().unwrap_or_default(),
                attachments: item.attachments.clone().unwrap_or_default(),
            },
            ..Outgoing::default()
        };
        for (field, contract) in &self.contract.fields {
            let Some(value) = item.get(field.as_str()) else {
                continue;
            };
            if contract.native.get(side).is_empty() {
                continue;
            }
            let shown = match (self.rows(field), value) {
                (Some(rows), Value::Text(native)) => {
                    let row = rows
                        .iter()
                        .find(|(_, natives)| natives.get(side).contains(&native.as_str()));
                    let Some((replica, _)) = row else {
                        outgoing
                            .held
                            .insert(field.clone(), format!("no row for {native}"));
                        continue;
                    };
                    Value::text(*replica)
                }
                _ => value.clone(),
            };
            outgoing.view.fields.insert(field.clone(), shown);
        }
        if let Some(script) = self.outgoing {
            script(side, item, &mut outgoing);
        }
        let first = side == Side::Left && link.is_none_or(|link| link.first_sync);
        if let Some(text) = self.outgoing_first.filter(|_| first) {
            outgoing.view.fields.insert("f".into(), Value::text(text));
        }
        if self.rejects_on.is_none_or(|rejecting| rejecting == side) {
            reject(self.rejects, item.fields.values())?;
        }
        Ok(outgoing)
    }

    fn incoming(&self, side: Side, input: &Incoming<'_>) -> Result<Draft, RuleError> {
        let mut draft = Draft::default();
        reject(self.rejects_incoming, input.replica.fields.values())?;
        for (field, contract) in &self.contract.fields {
            let crosses =
                contract.direction.leaves(side.other()) && !contract.native.get(side).is_empty();
            if let (true, Some(value)) = (crosses, input.replica.fields.get(field)) {
                self.bring(side, field, value, input.target, &mut draft);
            }
        }
        if let Some(script) = self.incoming {
            script(side, input, &mut draft);
        }
        Ok(draft)
    }
}

fn reject<'a>(
    text: Option<&str>,
    mut values: impl Iterator<Item = &'a Value>,
) -> Result<(), RuleError> {
    let Some(text) = text.map(Value::text) else {
        return Ok(());
    };
    if !values.any(|value| *value == text) {
        return Ok(());
    }
    Err(RuleError {
        file: "test.js".to_owned(),
        line: Some(1),
        column: None,
        reason: "rejected".to_owned(),
        rejected: true,
    })
}

/// What a script assigns.
pub(super) fn scripted(value: &str) -> Assigned {
    Assigned {
        value: parse(value).expect("a script assigns a value"),
        by: Assigner::Script {
            file: "test.js".to_owned(),
            line: Some(1),
        },
    }
}
