//! Rules that carry every contract field over unchanged, without a script.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::contract::{
    ChannelPair, CommentContract, Conflict, Contract, Deleted, Direction, Drift, FieldContract,
    First, Leave,
};
use twinline_core::item::{Item, Value};
use twinline_core::names::{FieldName, Side, Sides};
use twinline_core::rules::{Assigned, Assigner, Draft, Incoming, Link, Outgoing, RuleError, Rules};
use twinline_engine::Compiled;
use twinline_rules::script::InProcess;
use twinline_rules::source::{RuleSources, SourceFile};
use twinline_rules::version::Snapshot;

pub(crate) struct Plain(Contract);

impl Plain {
    pub(crate) fn new(contract: Contract) -> Self {
        Self(contract)
    }
}

/// A connection of `left` and `right` that carries summary, status and labels both ways, and public comments.
pub(crate) fn contract(name: &str, left: &str, right: &str) -> Contract {
    let fields = ["summary", "status", "labels"];
    Contract {
        connection: name.into(),
        version: 1,
        nodes: Sides {
            left: left.into(),
            right: right.into(),
        },
        scopes: Sides::from_fn(|_| super::tracker::scope()),
        triggers: Sides {
            left: Some("all".to_owned()),
            right: None,
        },
        fields: fields
            .into_iter()
            .map(|field| (field.into(), two_way(field)))
            .collect(),
        comments: Some(CommentContract {
            channels: vec![ChannelPair {
                names: Sides::from_fn(|_| "public".to_owned()),
                direction: Direction::Both,
            }],
            header: String::new(),
            edits: true,
            deletes: true,
            append_corrections: false,
        }),
        attachments: None,
        leave: Leave::Sleep,
        deleted: Deleted::Unlink,
        closed_status: Sides::default(),
        max_writes_per_10min: 100_000,
    }
}

fn two_way(field: &str) -> FieldContract {
    FieldContract {
        direction: Direction::Both,
        conflict: Conflict::Left,
        tie: Side::Left,
        first: First::Left,
        drift: Drift::Keep,
        native: Sides::from_fn(|_| BTreeSet::from([FieldName::from(field)])),
        max_chars: Sides::default(),
        parent: false,
    }
}

/// Real rules between the nodes `left` and `right`: the summary, and the status by a value table with these rows. The
/// trackers describe nothing, so names are ids.
pub(crate) fn table(rows: &str) -> Snapshot {
    let map = format!(
        r#"
format = 1
name = "c"
[left]
node = "left"
scope = {{ project = "P" }}
trigger = "all"
[right]
node = "right"
scope = {{ project = "P" }}
[fields.summary]
left = "summary"
right = "summary"
[fields.status]
left = "status"
right = "status"
values = "status"
[values.status]
{rows}"#
    );
    Snapshot {
        sources: RuleSources {
            map: SourceFile::new("c.toml", map),
            scripts: Sides::default(),
        },
        descriptions: Sides::default(),
    }
}

/// Real rules that carry one list field without a table, with the options that each tracker describes.
pub(crate) fn options(described: Sides<&[(&str, &str)]>) -> Snapshot {
    let mut snapshot = table("open = { left = [\"open\"], right = [\"open\"] }\n");
    let map = snapshot.sources.map.text.replace(
        "[fields.status]",
        "[fields.severity]\nleft = \"Severity\"\nright = \"Severity\"\n[fields.status]",
    );
    snapshot.sources.map = SourceFile::new("c.toml", map);
    snapshot.descriptions = Sides::from_fn(|side| {
        let option = |(id, name): &(&str, &str)| serde_json::json!({ "id": id, "name": name });
        let options: Vec<_> = described.get(side).iter().map(option).collect();
        let field = |name: &str, kind: &str| serde_json::json!({ "name": name, "kind": kind });
        let severity =
            serde_json::json!({ "name": "Severity", "kind": "choice", "options": options });
        let json = serde_json::json!({ "fields": { "sev": severity, "summary": field("Summary", "text"),
            "status": field("Status", "text") } });
        serde_json::from_value(json).unwrap()
    });
    snapshot
}

/// Makes published rules ready to run.
pub(crate) fn compiled(snapshot: &str, version: u32) -> Result<Compiled, String> {
    let snapshot: Snapshot = serde_json::from_str(snapshot).map_err(|e| e.to_string())?;
    let compiled = snapshot.compile(version, Arc::new(InProcess::default()));
    Ok(Compiled {
        rules: Arc::new(compiled.map_err(|findings| format!("{findings:?}"))?),
        blocking: false,
    })
}

impl Rules for Plain {
    fn contract(&self) -> &Contract {
        &self.0
    }

    fn admits(&self, _: Side, item: &Item) -> Result<bool, RuleError> {
        if item.get("status") == Some(&Value::text("unheard of")) {
            return Err(RuleError {
                file: "plain.toml".to_owned(),
                line: Some(2),
                column: None,
                reason: "'unheard of' is no status".to_owned(),
                rejected: true,
            });
        }
        match item.get("labels") {
            Some(Value::Set(labels)) => Ok(!labels.contains("private")),
            _ => Ok(true),
        }
    }

    fn outgoing(&self, _: Side, item: &Item, _: Option<&Link>) -> Result<Outgoing, RuleError> {
        if item.get("summary") == Some(&Value::text("reject me")) {
            return Err(RuleError {
                file: "plain.toml".to_owned(),
                line: Some(3),
                column: None,
                reason: "'reject me' has no row".to_owned(),
                rejected: true,
            });
        }
        let mut out = Outgoing::default();
        for name in self.0.fields.keys() {
            if let Some(value) = item.get(name.as_str()) {
                out.view.fields.insert(name.clone(), value.clone());
            }
        }
        out.view.comments = item.comments.clone().unwrap_or_default();
        out.view.attachments = item.attachments.clone().unwrap_or_default();
        Ok(out)
    }

    fn incoming(&self, _: Side, input: &Incoming<'_>) -> Result<Draft, RuleError> {
        let assigned = |(name, value): (&twinline_core::names::ReplicaField, &Value)| {
            let assigned = Assigned {
                value: value.clone(),
                by: Assigner::Map(name.clone()),
            };
            (FieldName::from(name.as_str()), assigned)
        };
        Ok(Draft {
            fields: input
                .replica
                .fields
                .iter()
                .map(assigned)
                .collect::<BTreeMap<_, _>>(),
            ..Draft::default()
        })
    }
}
