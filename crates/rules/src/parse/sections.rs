//! `[left]`, `[right]`, `[policy]`, `[comments]`, `[attachments]`.

use super::DIRECTIONS;
use super::reader::Table;
use crate::model::{
    AttachmentRules, ChannelRule, CommentRules, Placed, Policy, SideRules, Unmapped,
};
use std::collections::BTreeMap;
use twinline_core::contract::{Conflict, Deleted, Direction, First, Leave};
use twinline_core::names::{NodeName, Side, Sides};

pub(super) const CONFLICTS: [(&str, Conflict); 5] = [
    ("left", Conflict::Left),
    ("right", Conflict::Right),
    ("latest", Conflict::Latest),
    ("merge", Conflict::Merge),
    ("hold", Conflict::Hold),
];
pub(super) const SIDES: [(&str, Side); 2] = [("left", Side::Left), ("right", Side::Right)];
pub(super) const FIRSTS: [(&str, First); 4] = [
    ("left", First::Left),
    ("right", First::Right),
    ("filled", First::Filled),
    ("hold", First::Hold),
];
pub(super) const UNMAPPED: [(&str, Unmapped); 3] = [
    ("hold", Unmapped::Hold),
    ("skip", Unmapped::Skip),
    ("default", Unmapped::Default),
];

pub(super) const fn key_of(side: Side) -> &'static str {
    match side {
        Side::Left => "left",
        Side::Right => "right",
    }
}

pub(super) fn side(root: &Table<'_, '_>, side: Side) -> Option<SideRules> {
    let key = key_of(side);
    let Some(table) = root.table(key) else {
        if root.get(key).is_none() {
            root.missing(key, &format!("add a section [{key}] with node and scope"));
        }
        return None;
    };
    let node = table.string("node");
    if node.is_none() && table.get("node").is_none() {
        table.missing(
            "node",
            "name a node of twinline.toml, as in node = \"acme-jira\"",
        );
    }
    let mut scope = BTreeMap::new();
    if let Some(keys) = table.table("scope") {
        for (name, value) in keys.entries() {
            if let Some(text) = keys.text_of(name.value, value) {
                scope.insert(name.value.to_owned(), text);
            }
        }
    } else if table.get("scope").is_none() {
        table.missing(
            "scope",
            "say where twins are created, as in scope = { project = \"SUP\" }",
        );
    }
    let trigger = table.string("trigger");
    let when = table.string("when");
    let script = table.string("script");
    table.finish();
    let node = node?;
    Some(SideRules {
        node: Placed {
            value: NodeName::from(node.value.as_str()),
            spot: node.spot,
        },
        scope,
        trigger,
        when,
        script,
    })
}

/// What a rules file without `[policy]` means: nothing is overwritten without a person's word.
pub(super) fn policy(root: &Table<'_, '_>) -> Policy {
    let mut policy = Policy {
        conflict: Placed {
            value: Conflict::Hold,
            spot: root.spot,
        },
        tie: Side::Left,
        first: First::Filled,
        unmapped: Placed {
            value: Unmapped::Hold,
            spot: root.spot,
        },
        leave: Leave::Sleep,
        deleted: Placed {
            value: Deleted::Unlink,
            spot: root.spot,
        },
        max_writes_per_10min: 500,
    };
    let Some(table) = root.table("policy") else {
        return policy;
    };
    policy.conflict = table
        .choice("conflict", &CONFLICTS)
        .unwrap_or(policy.conflict);
    policy.tie = table
        .choice("tie", &SIDES)
        .map_or(policy.tie, |word| word.value);
    policy.first = table
        .choice("first", &FIRSTS)
        .map_or(policy.first, |word| word.value);
    policy.unmapped = table
        .choice("unmapped", &UNMAPPED)
        .unwrap_or(policy.unmapped);
    let leaves = [("sleep", Leave::Sleep), ("unlink", Leave::Unlink)];
    policy.leave = table
        .choice("leave", &leaves)
        .map_or(policy.leave, |word| word.value);
    let deletions = [
        ("unlink", Deleted::Unlink),
        ("close", Deleted::Close),
        ("delete", Deleted::Delete),
    ];
    policy.deleted = table
        .choice("deleted", &deletions)
        .unwrap_or(policy.deleted);
    policy.max_writes_per_10min = table
        .number("max_writes_per_10min", 1, 1_000_000)
        .unwrap_or(policy.max_writes_per_10min);
    table.finish();
    policy
}

/// A section of named tables, `[values.NAME]` or `[people.NAME]`.
pub(super) fn named<T>(
    root: &Table<'_, '_>,
    key: &'static str,
    read: impl Fn(&Table<'_, '_>) -> T,
) -> BTreeMap<String, T> {
    let Some(section) = root.table(key) else {
        return BTreeMap::new();
    };
    section
        .entries()
        .iter()
        .filter_map(|(name, value)| {
            let table = section.table_of(name, value)?;
            Some((name.value.to_owned(), read(&table)))
        })
        .collect()
}

const EDITS: [(&str, bool); 2] = [("origin", true), ("none", false)];

pub(super) fn comments(table: &Table<'_, '_>) -> CommentRules {
    let mut channels = Vec::new();
    if let Some((name, value)) = table.get("channels") {
        match value.get_ref().as_array() {
            Some(list) => {
                for element in list {
                    let place = Placed {
                        value: "channels",
                        spot: table.reader.spot(&element.span()),
                    };
                    channels.extend(
                        table
                            .table_of(&place, element)
                            .and_then(|pair| channel(&pair)),
                    );
                }
            }
            None => table.wrong_type(
                name.value,
                value,
                "a list of { left = …, right = …, dir = … }",
            ),
        }
    } else {
        table.missing("channels", "list the pairs of channels that cross");
    }
    // An empty header is meaningful (no line above a mirrored comment), so it is read apart from other texts.
    let header = match table.get("header") {
        Some((_, value)) if value.get_ref().as_str() == Some("") => String::new(),
        Some((_, value)) => table
            .text_of("header", value)
            .map(|text| text.value)
            .unwrap_or_default(),
        None => "{author} · {time}".to_owned(),
    };
    let edits = table.choice("edits", &EDITS).is_none_or(|word| word.value);
    let deletes = table
        .choice("deletes", &EDITS)
        .is_none_or(|word| word.value);
    let no_edit = table.choice("no_edit", &[("append", true), ("skip", false)]);
    table.finish();
    CommentRules {
        spot: table.spot,
        channels,
        header,
        edits,
        deletes,
        append_corrections: no_edit.is_none_or(|word| word.value),
    }
}

fn channel(table: &Table<'_, '_>) -> Option<Placed<ChannelRule>> {
    let left = table.string("left");
    let right = table.string("right");
    let direction = table.choice("dir", &DIRECTIONS);
    for (key, value) in [("left", &left), ("right", &right)] {
        if value.is_none() && table.get(key).is_none() {
            table.missing(
                key,
                "name the channel by its native name, such as \"public\"",
            );
        }
    }
    table.finish();
    Some(Placed {
        value: ChannelRule {
            names: Sides {
                left: left?.value,
                right: right?.value,
            },
            direction: direction.map_or(Direction::Both, |word| word.value),
        },
        spot: table.spot,
    })
}

pub(super) fn attachments(table: &Table<'_, '_>) -> AttachmentRules {
    let direction = table.choice("dir", &DIRECTIONS);
    let max_mib = table.number("max_mib", 1, 10_240);
    let deny = table.strings("deny").unwrap_or_default();
    let over = table.choice("over", &[("link", true), ("skip", false)]);
    let deletes = table.choice("deletes", &EDITS);
    table.finish();
    AttachmentRules {
        spot: table.spot,
        direction: direction.map_or(Direction::Both, |word| word.value),
        max_mib: max_mib.unwrap_or(25),
        deny: deny.into_iter().map(|text| text.value).collect(),
        link_over: over.is_none_or(|word| word.value),
        deletes: deletes.is_some_and(|word| word.value),
    }
}
