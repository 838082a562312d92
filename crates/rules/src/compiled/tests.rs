//! What scripts mean, case by case, and what their mistakes say.

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
fn outgoing_assigns_deletes_and_keeps() {
    shows("", "summary", Some(Value::text("one")));
    shows("", "text", Some(Value::Rich(Document::from_plain("long"))));
    shows(
        "replica.summary = issue.summary + '!'",
        "summary",
        Some(Value::text("one!")),
    );
    shows("delete replica.summary", "summary", None);
    shows("replica.summary = undefined", "summary", None);
    shows("replica.summary = null", "summary", Some(Value::Empty));
    shows(
        "replica.flag = issue.labels.includes('x')",
        "flag",
        Some(Value::Bool(true)),
    );
    shows(
        "replica.labels.push('y')",
        "labels",
        Some(Value::set(["x", "y"])),
    );
    shows(
        "replica.labels = [...replica.labels, 'z']",
        "labels",
        Some(Value::set(["x", "z"])),
    );
    shows(
        "replica.text = text.plain('a *b*')",
        "text",
        Some(Value::Rich(Document::from_plain("a *b*"))),
    );
    shows(
        "replica.status = values('status').toReplica('Closed')",
        "status",
        Some(Value::text("done")),
    );
    shows(
        "replica.status = values('status').toNative('done')",
        "status",
        Some(Value::text("Done")),
    );
    shows("", "area", Some(Value::Empty));
}

#[test]
fn outgoing_filters_comments_and_changes_their_text() {
    let ids = |body: &str| -> Vec<String> {
        out(body)
            .unwrap()
            .view
            .comments
            .into_iter()
            .map(|c| c.id)
            .collect()
    };
    assert_eq!(ids(""), ["c1", "c2"], "internal does not leave this side");
    assert_eq!(
        ids("replica.comments = replica.comments.filter(c => !c.mirrored)"),
        ["c1"]
    );
    let changed = out("replica.comments[0].body = 'new'").unwrap();
    assert_eq!(changed.view.comments[0].body.plain(), "new");
    assert_eq!(changed.view.comments[1].body, Document::from_plain("body"));
    fails(
        out("replica.comments = [{ id: 'no' }]"),
        "l.js:3:1: replica.comments: there is no comment \"no\"; the other side's incoming can call issue.addComment",
    );
}

#[test]
fn outgoing_holds_rejects_and_traces() {
    let held = out("hold('summary', 'not now'); trace('seen', issue.key, [1])").unwrap();
    assert_eq!(held.held["summary"], "not now");
    assert!(!held.view.fields.contains_key("summary"));
    assert_eq!(held.withheld["summary"], Value::text("one"));
    assert_eq!(held.trace, ["seen A-7 [1]"]);
    let error = out("try { reject('bad data') } catch (e) {}").unwrap_err();
    assert!(error.rejected, "a reject cannot be caught away");
    assert_eq!(error.to_string(), "l.js:3:7: bad data");
}

#[test]
fn outgoing_is_told_of_the_twin_and_of_a_first_sync() {
    let script = "export function outgoing({ firstSync, link }) { trace(firstSync, link && link.remote.key); }";
    let rules = rules(script);
    let link = |first_sync| Link {
        id: "l1".into(),
        connection: "pair".into(),
        side: Side::Left,
        local: Some(reference("a", "A-7")),
        remote: reference("b", "B-9"),
        since: Timestamp::EPOCH,
        first_sync,
    };
    let told = |link: Option<Link>| {
        let shown = rules.outgoing(Side::Left, &target(), link.as_ref());
        shown.unwrap().trace
    };
    assert_eq!(told(None), ["true null"]);
    assert_eq!(told(Some(link(true))), ["true B-9"]);
    assert_eq!(told(Some(link(false))), ["false B-9"]);
}

#[test]
fn places_on_the_first_line_are_those_of_the_file() {
    let map = SourceFile::new("pair.toml", MAP.replace("left_via = \"area\"\n", ""));
    let script = |text: &str| {
        let rules = parse(&map).unwrap();
        let scripts = Sides {
            left: Some(SourceFile::new("l.js", text)),
            right: None,
        };
        let sources = RuleSources {
            map: map.clone(),
            scripts,
        };
        let runner = Arc::new(InProcess::default());
        let rules = CompiledRules::new(rules, &sources, Sides::default(), 1, runner);
        rules.outgoing(Side::Left, &target(), None)
    };
    let expected = "l.js:1:41: replica.flag: \"yes\" is not true or false";
    let text = "export function outgoing({ replica }) { replica.flag = 'yes'; }";
    fails(script(text), expected);
    let renamed =
        "         function outgoing({ replica }) { replica.flag = 'yes'; }\nexport { outgoing };";
    fails(script(renamed), &expected.replace(":41:", ":43:"));
}

#[test]
fn incoming_knows_exactly_what_was_assigned() {
    assigns(
        "issue.summary = 'two'",
        "summary",
        Some((Value::text("two"), 3)),
    );
    assigns(
        "\nissue.fields['Points'] = 5",
        "cf_2",
        Some((Value::Number(5.into()), 4)),
    );
    assigns("issue.fields.cf_2 = null", "cf_2", Some((Value::Empty, 3)));
    assigns(
        "issue.labels.push('y')",
        "labels",
        Some((Value::set(["x", "y"]), 3)),
    );
    assigns(
        "issue.labels = [...issue.labels, 'y']",
        "labels",
        Some((Value::set(["x", "y"]), 3)),
    );
    assigns(
        "issue.labels = [...issue.labels]",
        "labels",
        Some((Value::set(["x"]), 3)),
    );
    assigns("const l = issue.labels", "labels", None);
    assigns(
        "issue.fields['Area'] = 'Shop'",
        "cf_1",
        Some((choice("a1", "Shop"), 3)),
    );
    assigns(
        "issue.fields['Go live'] = '2026-02-01'",
        "cf_3",
        Some((Value::Date("2026-02-01".to_owned()), 3)),
    );
    assigns(
        "issue.description = 'plain'",
        "description",
        Some((Value::Rich(Document::from_plain("plain")), 3)),
    );
    let ada = Value::User(User {
        id: "u1".to_owned(),
        ..User::default()
    });
    assigns(
        "issue.assignee = user({ email: 'ADA@a.example' })",
        "assignee",
        Some((ada, 3)),
    );
}

#[test]
fn a_field_that_incoming_holds_keeps_its_value_for_a_release() {
    let held = inc("hold('status', 'reopening needs a person')").unwrap();
    assert_eq!(held.held["status"], "reopening needs a person");
    assert_eq!(held.fields["status"].value, choice("2", "Done"));
}

#[test]
fn incoming_sees_the_map_over_the_item() {
    traced(
        "trace(issue.status, before.status, previous.status, replica.status)",
        &["Done To Do new done"],
    );
    traced(
        "trace(link.remote.key, link.side, link.local.key, firstSync)",
        &["B-9 left A-7 false"],
    );
    traced(
        "trace('summary' in replica, replica.summary === undefined, issue.due === undefined)",
        &["false true true"],
    );
    traced(
        "trace(replica.comments.length, replica.comments[0].channel)",
        &["1 public"],
    );
    traced(
        "trace(Object.keys(replica).join())",
        &["attachments,comments,flag,status"],
    );
    let undone = inc("issue.status = undefined").unwrap();
    assert!(
        !undone.fields.contains_key("status"),
        "the map's assignment is taken back"
    );
    let mapped = inc("").unwrap();
    assert_eq!(mapped.fields["status"].by, Assigner::Map("status".into()));
}

#[test]
fn comments_are_asked_for_once_in_a_listed_channel() {
    let draft = inc("issue.addComment('k', { body: 'hello', channel: 'internal' })").unwrap();
    assert_eq!(draft.comments.len(), 1);
    assert_eq!(
        (
            draft.comments[0].key.as_str(),
            draft.comments[0].channel.as_str()
        ),
        ("k", "internal")
    );
    fails(
        inc("\nissue.addComment('k', { body: 'x', channel: 'secret' })"),
        "l.js:4:7: addComment: the channel \"secret\" is not listed in [comments]",
    );
    let twice =
        inc("for (const _ of [1, 2]) issue.addComment('k', { body: 'x', channel: 'public' })")
            .unwrap_err();
    assert_eq!(
        twice.reason,
        "TypeError: addComment was called twice with the key 'k'"
    );
    assert_eq!(twice.line, Some(3));
}

fn mistake<T: std::fmt::Debug>(result: Result<T, RuleError>, reason: &str) {
    let error = result.unwrap_err();
    assert_eq!(
        (error.file.as_str(), error.line, error.reason.as_str()),
        ("l.js", Some(3), reason)
    );
    assert!(error.column.is_some(), "{error:?}");
}

#[test]
fn mistakes_name_their_place_and_value() {
    mistake(
        out("replica.sumary = 1"),
        "TypeError: the replica has no field 'sumary'; did you mean 'summary'?; fields are declared in [fields]",
    );
    mistake(
        out("trace(issue.statsu)"),
        "TypeError: an issue has no 'statsu'; did you mean 'status'?; other fields are in issue.fields",
    );
    mistake(
        out("trace(issue.fields['Poins'])"),
        "TypeError: the left item has no field 'Poins'; did you mean 'Points'?",
    );
    mistake(
        out("issue.summary = 'x'"),
        "TypeError: issue in outgoing is read-only here",
    );
    mistake(
        out("issue.labels.push('x')"),
        "TypeError: issue in outgoing is read-only here",
    );
    mistake(
        out("replica.flag = 0 / 0"),
        "TypeError: replica.flag cannot be NaN",
    );
    mistake(
        out("hold('nope', 'x')"),
        "TypeError: the replica has no field 'nope'; fields are declared in [fields]",
    );
    mistake(
        out("values('stats')"),
        "TypeError: there is no table [values.stats]; did you mean 'status'?",
    );
    mistake(out("null.x"), "TypeError: cannot read property 'x' of null");
    mistake(
        inc("issue.created = 'x'"),
        "TypeError: issue.created is read-only",
    );
    mistake(
        inc("replica.summary = 'x'"),
        "TypeError: replica in incoming is read-only here",
    );
    mistake(
        inc("before.labels.push('x')"),
        "TypeError: before is read-only here",
    );
    mistake(
        inc("user({ name: 'x' })"),
        "TypeError: user needs { id }, { email } or { login }",
    );
}

#[test]
fn values_of_a_wrong_type_name_their_place() {
    mistake(
        inc("issue.fields['Points'] = 'many'"),
        "issue.cf_2: \"many\" is not a number",
    );
    mistake(
        inc("issue.fields['Area'] = 'Shp'"),
        "issue.cf_1: 'cf_1' has no option \"Shp\"; did you mean 'Shop'?",
    );
    mistake(
        out("replica.flag = 'yes'"),
        "replica.flag: \"yes\" is not true or false",
    );
    // Changed in place: where the script got hold of it.
    mistake(
        out("replica.labels.push({})"),
        "replica.labels: {} is not a list of texts",
    );
    mistake(
        inc("issue.labels.push({})"),
        "issue.labels: {} is not a list of texts",
    );
    mistake(
        out("hold('comments', 'x')"),
        "TypeError: 'comments' cannot be held; what can be: area, flag, labels, status, summary, text",
    );
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
