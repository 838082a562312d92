//! The host's state: what is stored comes back, look-ups, coalescing, retention, stamps.

mod attachments;
mod cost;
mod dirty;
mod equal;
mod records;
mod retention;

use super::*;
use crate::db::{DbOptions, NoFaults};
use std::collections::BTreeMap;
use tempfile::TempDir;
use twinline_core::item::{Item, ItemId, ItemRef, Value, Version};
use twinline_core::names::{LinkId, Sides};
use twinline_core::reconcile::Hold;
use twinline_core::time::Timestamp;

struct Fixture {
    host: HostStore,
    folder: TempDir,
}

async fn fixture() -> Fixture {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("host.db");
    let host = HostStore::open(&path, DbOptions::inline(NoFaults), "acme")
        .await
        .unwrap();
    Fixture { host, folder }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn id(node: &str, id: &str) -> ItemId {
    ItemId {
        node: node.into(),
        id: id.to_owned(),
    }
}

fn reference(node: &str, number: &str, key: &str) -> ItemRef {
    ItemRef {
        item: id(node, number),
        key: key.to_owned(),
        url: format!("https://{node}.example/{number}"),
    }
}

fn item_row(node: &str, number: &str, key: &str, root: Option<&str>) -> ItemRow {
    ItemRow {
        reference: reference(node, number, key),
        scope: BTreeMap::from([("project".to_owned(), "SUP".to_owned())]),
        root: root.map(Into::into),
        version: Version::default(),
        seen_at: at(5),
    }
}

fn observation(summary: &str) -> Item {
    Item {
        reference: reference("gh", "1", "acme/app#1"),
        fields: BTreeMap::from([("summary".into(), Value::text(summary))]),
        comments: None,
        attachments: None,
        version: Version::default(),
        marker: None,
        scope: BTreeMap::new(),
    }
}

fn twin(link: &str, left: &str, right: Option<&str>, state: TwinState) -> Twin {
    Twin {
        link: link.into(),
        connection: "bugs".into(),
        root: "r1".into(),
        nodes: Sides {
            left: "gh".into(),
            right: "jira".into(),
        },
        ids: Sides {
            left: Some(left.to_owned()),
            right: right.map(str::to_owned),
        },
        created_from: Some(twinline_core::names::Side::Left),
        incarnation: 0,
        state,
        state_since: at(7),
        negatives: Sides::default(),
        held: BTreeMap::new(),
        comments_waived: BTreeMap::new(),
        since: at(1),
        reconciled: None,
    }
}

fn held() -> BTreeMap<twinline_core::names::ReplicaField, HeldField> {
    let field = HeldField {
        hold: Hold::Conflict,
        values: Sides {
            left: Some(Value::text("mine")),
            right: None,
        },
        since: at(9),
        take: Some(twinline_core::names::Side::Left),
    };
    BTreeMap::from([("title".into(), field)])
}

fn links(twins: &[Twin]) -> Vec<&str> {
    twins
        .iter()
        .map(|twin| LinkId::as_str(&twin.link))
        .collect()
}
