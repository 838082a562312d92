//! What scripts mean, case by case.

mod incoming;
mod mistakes;
mod outgoing;
mod parents;
mod texts;

use super::*;
use crate::parse::parse;
use crate::script::{InProcess, Limits};
use crate::source::SourceFile;
use serde_json::json;
use twinline_core::item::{Choice, ItemId, ItemRef, User, Version};
use twinline_core::marker::Marker;
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;

const MAP: &str = r#"
format = 1
name = "pair"
[left]
node = "a"
scope = { p = "A" }
script = "l.js"
[right]
node = "b"
scope = { p = "B" }
[fields.summary]
left = "summary"
right = "summary"
[fields.status]
left = "status"
right = "status"
values = "status"
[fields.labels]
left = "labels"
right = "labels"
[fields.text]
left = "description"
right = "description"
[fields.flag]
type = "bool"
[fields.area]
left = "Area"
left_via = "area"
right = "area"
[values.status]
new = { left = ["To Do"], right = ["1"] }
done = { left = ["Done", "Closed"], right = ["2"] }
[comments]
channels = [{ left = "public", right = "public" }, { left = "internal", right = "internal", dir = "<-" }]
"#;

const AREA: &str = "export const area = { outgoing: v => v, incoming: v => v };\n";

/// The rules with a left script; its first line is the export that the map needs.
fn rules(script: &str) -> CompiledRules {
    let map = SourceFile::new("pair.toml", MAP);
    let rules = parse(&map).unwrap();
    let scripts = Sides {
        left: Some(SourceFile::new("l.js", format!("{AREA}{script}"))),
        right: None,
    };
    let left: SideDescription = serde_json::from_value(json!({ "fields": {
        "summary": { "name": "Summary", "kind": "text" },
        "status": { "name": "Status", "kind": "choice", "options": [{ "id": "1", "name": "To Do" }, { "id": "2", "name": "Done" }, { "id": "3", "name": "Closed" }] },
        "labels": { "name": "Labels", "kind": "set" },
        "description": { "name": "Description", "kind": "rich" },
        "assignee": { "name": "Assignee", "kind": "user" },
        "cf_1": { "name": "Area", "kind": "choice", "options": [{ "id": "a1", "name": "Shop" }] },
        "cf_2": { "name": "Points", "kind": "number" },
        "cf_3": { "name": "Go live", "kind": "date" } },
        "users": [{ "id": "u1", "name": "Ada", "email": "ada@a.example", "login": null }] }))
    .unwrap();
    let descriptions = Sides {
        left,
        right: SideDescription::default(),
    };
    let sources = RuleSources { map, scripts };
    CompiledRules::new(
        rules,
        &sources,
        descriptions,
        3,
        Arc::new(InProcess::new(Limits::default())),
    )
}

fn choice(id: &str, name: &str) -> Value {
    Value::Choice(Choice {
        id: id.to_owned(),
        name: name.to_owned(),
    })
}

fn reference(node: &str, key: &str) -> ItemRef {
    ItemRef {
        item: ItemId {
            node: node.into(),
            id: "7".to_owned(),
        },
        key: key.to_owned(),
        url: format!("https://{node}.example/7"),
    }
}

fn comment(id: &str, channel: &str) -> Comment {
    Comment {
        id: id.to_owned(),
        author: User::default(),
        created: Timestamp::EPOCH,
        edited: None,
        body: Document::from_plain("body"),
        channel: channel.to_owned(),
        marker: (id == "c2").then(|| Marker {
            root: "r".into(),
            link: "l".into(),
        }),
    }
}

fn target() -> Item {
    let fields = [
        ("summary", Value::text("one")),
        ("status", choice("1", "To Do")),
        ("labels", Value::set(["x"])),
        ("description", Value::Rich(Document::from_plain("long"))),
        ("cf_1", Value::Empty),
        ("cf_2", Value::Number(3.into())),
    ];
    Item {
        reference: reference("a", "A-7"),
        fields: fields
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect(),
        comments: Some(vec![
            comment("c1", "public"),
            comment("c2", "public"),
            comment("c3", "internal"),
        ]),
        attachments: Some(Vec::new()),
        version: Version::default(),
        marker: None,
        scope: BTreeMap::new(),
    }
}

fn out(body: &str) -> Result<Outgoing, RuleError> {
    let script =
        format!("export function outgoing({{ issue, replica, firstSync, link }}) {{\n{body}\n}}");
    rules(&script).outgoing(Side::Left, &target(), None)
}

fn inc(body: &str) -> Result<Draft, RuleError> {
    let script = format!(
        "export function incoming({{ replica, previous, issue, before, firstSync, link }}) {{\n{body}\n}}"
    );
    let item = target();
    let link = Link {
        id: "l1".into(),
        connection: "pair".into(),
        side: Side::Left,
        local: Some(item.reference.clone()),
        remote: reference("b", "B-9"),
        since: Timestamp::EPOCH,
        first_sync: false,
    };
    let view = |status: &str| View {
        fields: [
            ("status".into(), Value::text(status)),
            ("flag".into(), Value::Bool(true)),
        ]
        .into(),
        comments: vec![comment("r1", "public")],
        attachments: Vec::new(),
    };
    let (replica, previous) = (view("done"), view("new"));
    let input = Incoming {
        target: &item,
        replica: &replica,
        previous: Some(&previous),
        first_sync: false,
        link: &link,
    };
    rules(&script).incoming(Side::Left, &input)
}

fn traced(body: &str, expected: &[&str]) {
    assert_eq!(inc(body).unwrap().trace, expected, "{body}");
}

fn shows(body: &str, field: &str, expected: Option<Value>) {
    let shown = out(body).unwrap();
    assert_eq!(shown.view.fields.get(field), expected.as_ref(), "{body}");
}

fn assigns(body: &str, field: &str, expected: Option<(Value, u32)>) {
    let draft = inc(body).unwrap();
    let found = draft.fields.get(field).map(|assigned| match &assigned.by {
        Assigner::Script { line, .. } => (assigned.value.clone(), line.unwrap_or(0)),
        other => panic!("{body}: by {other:?}"),
    });
    assert_eq!(found, expected, "{body}");
}

fn fails<T: std::fmt::Debug>(result: Result<T, RuleError>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}

#[test]
fn a_via_export_converts_one_field_both_ways() {
    let script = "export function outgoing({ replica }) { trace(replica.area) }";
    let with = |via: &str| {
        let map = SourceFile::new("pair.toml", MAP);
        let sources = RuleSources {
            scripts: Sides {
                left: Some(SourceFile::new("l.js", format!("{via}\n{script}"))),
                right: None,
            },
            map: map.clone(),
        };
        CompiledRules::new(
            parse(&map).unwrap(),
            &sources,
            Sides::default(),
            1,
            Arc::new(InProcess::default()),
        )
    };
    let mut item = target();
    item.fields.insert("Area".into(), Value::text("shop"));
    let rules = with(
        "export const area = { outgoing: (v, issue) => v.toUpperCase() + issue.key, incoming: v => v };",
    );
    let shown = rules.outgoing(Side::Left, &item, None).unwrap();
    assert_eq!(shown.view.fields["area"], Value::text("SHOPA-7"));
    assert_eq!(shown.trace, ["SHOPA-7"], "the script runs after it");
    item.fields.remove("Area");
    let absent = rules.outgoing(Side::Left, &item, None).unwrap();
    assert!(!absent.view.fields.contains_key("area"));
    item.fields.insert("Area".into(), Value::Empty);
    let missing = with("export const other = 1;")
        .outgoing(Side::Left, &item, None)
        .unwrap_err();
    assert_eq!(
        missing.reason,
        "TypeError: l.js does not export 'area' with the functions outgoing and incoming"
    );
}

#[test]
fn a_side_without_script_needs_no_runner() {
    #[derive(Debug)]
    struct Nobody;
    impl ScriptRunner for Nobody {
        fn run(&self, _: &Program, _: &Call) -> Result<Reply, Failure> {
            panic!("no script is there to run")
        }
    }
    let map = SourceFile::new("pair.toml", MAP);
    let sources = RuleSources {
        map: map.clone(),
        scripts: Sides::default(),
    };
    let rules = CompiledRules::new(
        parse(&map).unwrap(),
        &sources,
        Sides::default(),
        1,
        Arc::new(Nobody),
    );
    assert!(rules.outgoing(Side::Right, &target(), None).is_ok());
    assert_eq!(rules.admits(Side::Right, &target()), Ok(true));
}

#[test]
fn compiled_rules_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<CompiledRules>();
    shared::<crate::worker::WorkerPool>();
}

#[test]
fn a_side_shows_what_it_has_a_source_or_a_script_for() {
    let rules = rules("");
    let shown = |field: &str| Sides::from_fn(|side| rules.shows(side, &field.into()));
    let both = |left: bool, right: bool| Sides { left, right };
    assert_eq!(shown("summary"), both(true, true));
    assert_eq!(shown("area"), both(true, true));
    // Only a script can give it, and only the left side has one.
    assert_eq!(shown("flag"), both(true, false));
    assert_eq!(shown("nothing"), both(false, false));
}
