//! The example of the syntax, with both sides described.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use twinline_core::item::{Comment, Item, ItemId, ItemRef, User, Value, Version};
use twinline_core::names::Sides;
use twinline_core::richtext::Document;
use twinline_core::rules::Link;
use twinline_core::time::Timestamp;
use twinline_rules::compiled::CompiledRules;
use twinline_rules::describe::SideDescription;
use twinline_rules::model::RuleSet;
use twinline_rules::parse;
use twinline_rules::script::{InProcess, Limits, ScriptRunner};
use twinline_rules::source::RuleSources;
use twinline_rules::worker::WorkerPool;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/example")
}

pub(crate) fn example() -> (RuleSet, RuleSources) {
    parse::load(&folder(), "acme-support.toml").unwrap()
}

pub(crate) fn descriptions() -> Sides<SideDescription> {
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder().join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    Sides {
        left: read("jira.json"),
        right: read("servicenow.json"),
    }
}

pub(crate) fn compiled(runner: Arc<dyn ScriptRunner>) -> CompiledRules {
    let (rules, sources) = example();
    CompiledRules::new(rules, &sources, descriptions(), 1, runner)
}

pub(crate) fn in_process() -> Arc<dyn ScriptRunner> {
    Arc::new(InProcess::new(Limits::default()))
}

pub(crate) fn pool(limits: Limits) -> WorkerPool {
    let command = env!("CARGO_BIN_EXE_twinline-script-worker");
    WorkerPool::new(vec![command.into()], 2, limits)
}

pub(crate) fn reference(node: &str, id: &str, key: &str) -> ItemRef {
    ItemRef {
        item: ItemId {
            node: node.into(),
            id: id.to_owned(),
        },
        key: key.to_owned(),
        url: format!("https://{node}.example/{key}"),
    }
}

pub(crate) fn item(reference: ItemRef, fields: &[(&str, Value)]) -> Item {
    Item {
        reference,
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect(),
        comments: Some(Vec::new()),
        attachments: Some(Vec::new()),
        version: Version::default(),
        marker: None,
        scope: std::collections::BTreeMap::new(),
    }
}

pub(crate) fn comment(id: &str, channel: &str, text: &str) -> Comment {
    Comment {
        id: id.to_owned(),
        author: User::default(),
        created: Timestamp::EPOCH,
        edited: None,
        body: Document::from_plain(text),
        channel: channel.to_owned(),
        marker: None,
    }
}

pub(crate) fn link(
    side: twinline_core::names::Side,
    local: Option<ItemRef>,
    remote: ItemRef,
) -> Link {
    Link {
        id: "link1".into(),
        connection: "acme-support".into(),
        side,
        local,
        remote,
        since: Timestamp::EPOCH,
        first_sync: false,
    }
}
