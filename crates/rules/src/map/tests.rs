//! The map's meaning, case by case.

mod closing;
mod fields;
mod people;
mod values;

use crate::compiled::CompiledRules;
use crate::describe::SideDescription;
use crate::parse::parse;
use crate::script::InProcess;
use crate::source::{RuleSources, SourceFile};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::item::{Choice, Item, ItemId, ItemRef, User, Value, Version};
use twinline_core::names::{Side, Sides};
use twinline_core::richtext::Document;
use twinline_core::rules::{Draft, Incoming, Link, Outgoing, Rules};
use twinline_core::time::Timestamp;
use twinline_core::view::View;

fn compiled(fields: &str, left: serde_json::Value, right: serde_json::Value) -> CompiledRules {
    let text = format!(
        "format = 1\nname = \"pair\"\n[left]\nnode = \"a\"\nscope = {{ p = \"A\" }}\n[right]\nnode = \"b\"\nscope = {{ p = \"B\" }}\n{fields}"
    );
    let map = SourceFile::new("pair.toml", text);
    let rules = parse(&map).unwrap();
    let describe =
        |json: serde_json::Value| serde_json::from_value::<SideDescription>(json).unwrap();
    let sources = RuleSources {
        map,
        scripts: Sides::default(),
    };
    let descriptions = Sides {
        left: describe(left),
        right: describe(right),
    };
    CompiledRules::new(
        rules,
        &sources,
        descriptions,
        1,
        Arc::new(InProcess::default()),
    )
}

fn item(node: &str, fields: &[(&str, Value)]) -> Item {
    Item {
        reference: ItemRef {
            item: ItemId {
                node: node.into(),
                id: "7".to_owned(),
            },
            key: "B-7".to_owned(),
            url: "https://b.example/7".to_owned(),
        },
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect(),
        comments: None,
        attachments: None,
        version: Version::default(),
        marker: None,
        scope: BTreeMap::new(),
    }
}

fn outgoing(rules: &CompiledRules, side: Side, fields: &[(&str, Value)]) -> Outgoing {
    rules.outgoing(side, &item("x", fields), None).unwrap()
}

fn incoming(
    rules: &CompiledRules,
    side: Side,
    replica: &[(&str, Value)],
    target: &[(&str, Value)],
    create: bool,
) -> Draft {
    let target = item("t", target);
    let replica = View {
        fields: replica
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect(),
        comments: Vec::new(),
        attachments: Vec::new(),
    };
    let link = Link {
        id: "l".into(),
        connection: "pair".into(),
        side,
        local: (!create).then(|| target.reference.clone()),
        remote: item("o", &[]).reference,
        since: Timestamp::EPOCH,
        first_sync: create,
    };
    let input = Incoming {
        target: &target,
        replica: &replica,
        previous: None,
        first_sync: create,
        link: &link,
    };
    rules.incoming(side, &input).unwrap()
}

fn text(text: &str) -> Value {
    Value::text(text)
}

fn choice(id: &str, name: &str) -> Value {
    Value::Choice(Choice {
        id: id.to_owned(),
        name: name.to_owned(),
    })
}

fn assigned(draft: &Draft) -> BTreeMap<&str, Value> {
    draft
        .fields
        .iter()
        .map(|(id, assigned)| (id.as_str(), assigned.value.clone()))
        .collect()
}
