//! What `check` finds, each with its place and the way out.

use super::*;
use crate::describe::StatusInfo;
use crate::parse::parse;
use crate::script::InProcess;
use crate::source::SourceFile;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use twinline_core::capability::{Channel, FieldSet};
use twinline_core::item::Choice;
use twinline_core::names::FieldName;
use twinline_core::richtext::Dialect;

const HEAD: &str = r#"format = 1
name = "pair"
[left]
node = "a"
scope = { project = "A" }
trigger = "all"
[right]
node = "b"
scope = { project = "B" }
"#;

fn capabilities(tracker: &str, history: FieldSet) -> Capabilities {
    let channel = |name: &str, internal: bool| Channel {
        name: name.to_owned(),
        internal,
        written: name != "restricted",
    };
    Capabilities {
        tracker: tracker.to_owned(),
        scope_keys: vec!["project".to_owned()],
        channels: ["public", "internal", "restricted"]
            .map(|name| channel(name, name != "public"))
            .into(),
        comment_edit: true,
        comment_delete: true,
        item_delete: false,
        attachments: twinline_core::capability::AttachmentCapabilities {
            upload: true,
            ..Default::default()
        },
        compare_and_swap: false,
        create_marker: true,
        comment_marker: true,
        webhooks: true,
        field_history: history,
        feed_covers: BTreeSet::new(),
        settle: Duration::ZERO,
        index_lag: Duration::ZERO,
        dialect: Dialect::Markdown,
        description_max_chars: 1000,
        comment_max_chars: 1000,
        summary_max_chars: 100,
        workflow: true,
    }
}

fn left() -> SideDescription {
    serde_json::from_value(json!({ "fields": {
        "summary": { "name": "Summary", "kind": "text", "required": true, "max_chars": 100 },
        "status": { "name": "Status", "kind": "choice" },
        "created": { "name": "Created", "kind": "time", "writable": false },
        "cf_1": { "name": "Severity", "kind": "choice", "options": [{ "id": "1", "name": "S1" }, { "id": "2", "name": "S2" }] } },
        "statuses": [
            { "status": { "id": "1", "name": "To Do" }, "leads_to": ["2"] },
            { "status": { "id": "2", "name": "Done" }, "leads_to": ["1"], "closed": true },
            { "status": { "id": "3", "name": "Lost" }, "leads_to": ["1"] }] }))
    .unwrap()
}

fn right() -> SideDescription {
    serde_json::from_value(json!({ "fields": {
        "summary": { "name": "Title", "kind": "text", "required": true },
        "kind": { "name": "Kind", "kind": "choice", "required": true, "options": [{ "id": "b", "name": "Bug" }] },
        "state": { "name": "State", "kind": "choice", "options": [{ "id": "n", "name": "New" }, { "id": "c", "name": "Closed" }] },
        "sev": { "name": "Severity", "kind": "choice", "options": [{ "id": "x", "name": "S1" }] } } }))
    .unwrap()
}

const SUMMARY: &str = "[fields.summary]\nleft = \"summary\"\nright = \"summary\"\n[fields.kind]\nright = \"kind\"\ndir = \"->\"\n";

fn findings(text: &str, scripts: Sides<Option<SourceFile>>) -> Vec<String> {
    let map = SourceFile::new("pair.toml", text);
    let rules = parse(&map).unwrap();
    let descriptions = Sides {
        left: left(),
        right: right(),
    };
    let only = BTreeSet::from(["summary".to_owned(), "status".to_owned()]);
    let capabilities = Sides {
        left: Some(capabilities("jira-cloud", FieldSet::All)),
        right: Some(capabilities("other", FieldSet::Only(only))),
    };
    let nodes = ["a", "b"]
        .map(|node| (node.into(), "any".to_owned()))
        .into();
    let around = Surroundings {
        descriptions: &descriptions,
        capabilities: &capabilities,
        nodes: Some(&nodes),
    };
    let sources = RuleSources { map, scripts };
    let found = check(&rules, &sources, around, &InProcess::default());
    found
        .iter()
        .map(|finding| finding.to_string().replace("pair.toml:", ""))
        .collect()
}

/// Puts `text` after the head (nine lines) and expects that these are among the findings.
fn finds(text: &str, expected: &[&str]) {
    let found = findings(&format!("{HEAD}{text}"), Sides::default());
    for one in expected {
        assert!(
            found.iter().any(|finding| finding == one),
            "{one}\nis not in {found:#?}"
        );
    }
}

#[test]
fn unknown_names_are_errors_with_a_suggestion() {
    finds(
        "[fields.s]\nleft = \"Sumary\"\nright = \"Title\"\n",
        &["11:8: error: a has no field 'Sumary'; did you mean 'Summary'?"],
    );
    finds(
        "[fields.s]\nleft = \"status\"\nright = \"state\"\nvalues = \"v\"\n[values.v]\nn = { left = [\"ToDo\"], right = [\"New\"], right_set = { Sevrity = \"S1\" } }\nc = { left = \"Done\", right = \"Cloosed\" }\n",
        &[
            "15:15: error: 'status' of a has no option \"ToDo\"; did you mean 'To Do'?",
            "15:65: error: b has no field 'Sevrity'; did you mean 'Severity'?",
            "16:30: error: 'state' of b has no option \"Cloosed\"; did you mean 'Closed'?",
        ],
    );
    let renamed = HEAD
        .replace("node = \"b\"", "node = \"bb\"")
        .replace("project = \"A\"", "projekt = \"A\"");
    let found = findings(&renamed, Sides::default());
    assert!(found.contains(&"8:8: error: [right] names the node 'bb', which the configuration does not have; did you mean 'b'?".to_owned()), "{found:#?}");
    assert!(
        found.contains(
            &"5:21: error: a scope of jira-cloud has no key 'projekt'; did you mean 'project'?"
                .to_owned()
        ),
        "{found:#?}"
    );
}

const STATUS: &str =
    "[fields.status]\nleft = \"status\"\nright = \"state\"\nvalues = \"v\"\n[values.v]\n";

#[test]
fn a_native_value_in_two_rows_is_an_error() {
    finds(
        &format!(
            "{STATUS}n = {{ left = [\"To Do\", \"Done\"], right = \"New\" }}\nc = {{ left = \"Done\", right = \"Closed\" }}\n"
        ),
        &[
            "16:14: error: \"Done\" on the left is read by the rows 'n' and 'c'; keep it in one row, or give one of the rows a dir",
        ],
    );
}

#[test]
fn a_native_value_in_two_spellings_is_found_too() {
    let twice = |row: &str, place: &str, shown: &str| {
        finds(
            &format!(
                "{STATUS}n = {{ left = [\"Done\"], right = \"New\" }}\nc = {{ left = {row}, right = \"Closed\" }}\n"
            ),
            &[&format!(
                "16:{place}: error: {shown} on the left is read by the rows 'n' and 'c'; keep it in one row, or give one of the rows a dir"
            )],
        );
    };
    twice("\"2\"", "14", "\"2\"");
    twice("\"done\"", "14", "\"done\"");
    let several = "[fields.p]\nleft = \"status\"\nright = [\"state\", \"kind\"]\nvalues = \"v\"\n[values.v]\n";
    finds(
        &format!(
            "{several}a = {{ left = \"To Do\", right = {{ state = \"New\" }} }}\nb = {{ left = \"Done\", right = {{ state = \"New\", kind = \"Bug\" }} }}\n"
        ),
        &[
            "16:30: error: { kind = \"Bug\", state = \"New\" } on the right is read by the rows 'a' and 'b'; keep it in one row, or give one of the rows a dir",
        ],
    );
}

#[test]
fn options_that_no_row_reads_are_named() {
    finds(
        &format!("{STATUS}n = {{ left = \"To Do\", right = \"New\" }}\n"),
        &[
            "14:9: warning: no row reads \"Closed\" of the right; add it to a row, or mean it so by unmapped = \"skip\"",
            "14:9: warning: no row reads \"Done\", \"Lost\" of the left; add it to a row, or mean it so by unmapped = \"skip\"",
        ],
    );
    let skipped = format!(
        "{HEAD}[policy]\nunmapped = \"skip\"\n{STATUS}n = {{ left = \"To Do\", right = \"New\" }}\n"
    );
    let found = findings(&skipped, Sides::default());
    assert!(
        !found.iter().any(|finding| finding.contains("no row reads")),
        "{found:#?}"
    );
    finds(
        "[fields.sev]\nleft = \"Severity\"\nright = \"Severity\"\n",
        &[
            "10:9: warning: [fields.sev]: the right has no option of the name \"S2\"; add a value table",
        ],
    );
}

#[test]
fn a_status_that_no_transition_reaches_is_named() {
    finds(
        &format!("{STATUS}n = {{ left = \"Lost\", right = \"New\" }}\n"),
        &[
            "15:14: warning: no transition path of a leads to the status \"Lost\"; write another status first in the row, or add a transition to the workflow",
        ],
    );
}

/// A workflow: each status with those that it leads to; `?`: not known.
fn workflow(ways: &[(&str, &str)]) -> Vec<StatusInfo> {
    let status = |(name, ways): &(&str, &str)| StatusInfo {
        status: Choice {
            id: (*name).to_owned(),
            name: (*name).to_owned(),
        },
        leads_to: (*ways != "?").then(|| ways.split_whitespace().map(str::to_owned).collect()),
        demands: BTreeSet::new(),
        closed: false,
    };
    ways.iter().map(status).collect()
}

fn about_paths(ways: &[(&str, &str)], expected: &[&str]) {
    let map = SourceFile::new(
        "pair.toml",
        format!(
            "{HEAD}[fields.status]\nleft = \"status\"\nright = \"status\"\nvalues = \"v\"\n[values.v]\na = {{ left = \"A\", right = \"1\" }}\nx = {{ left = \"X\", right = \"2\" }}\n"
        ),
    );
    let rules = parse(&map).unwrap();
    let descriptions = Sides {
        left: SideDescription {
            statuses: workflow(ways),
            ..SideDescription::default()
        },
        right: SideDescription::default(),
    };
    let around = Surroundings {
        descriptions: &descriptions,
        capabilities: &Sides::default(),
        nodes: None,
    };
    let sources = RuleSources {
        map,
        scripts: Sides::default(),
    };
    let found = check(&rules, &sources, around, &InProcess::default());
    let found: Vec<String> = found
        .iter()
        .filter(|finding| finding.what.contains("transition"))
        .map(|finding| finding.what.clone())
        .collect();
    assert_eq!(found, expected, "{ways:?}");
}

#[test]
fn paths_of_a_workflow_are_searched() {
    about_paths(&[("A", "B"), ("B", "A X"), ("X", "")], &[]);
    // An island: each of its statuses is led to, and no path leads to it.
    about_paths(
        &[("A", "B"), ("B", "A C"), ("C", "A"), ("X", "Y"), ("Y", "X")],
        &["no transition path of a leads to the status \"X\""],
    );
    about_paths(
        &[("A", "B"), ("B", "A"), ("X", "?")],
        &[
            "which statuses of a are reached is not judged: the transitions from \"X\" are not known",
        ],
    );
    about_paths(&[("A", "?"), ("X", "?")], &[]);
}

/// What is said of a status whose transitions demand a resolution and a reason. `fields` and `set`: what the rules set on
/// the left besides, `script`: its script.
fn about_screens(fields: &str, set: &str, script: &str, expected: &[&str]) {
    let head = HEAD.replacen("trigger", "script = \"l.js\"\ntrigger", 1);
    let map = format!(
        "{head}{fields}[fields.status]\nleft = \"status\"\nright = \"status\"\nvalues = \"v\"\n[values.v]\na = {{ left = \"A\", right = \"1\" }}\nx = {{ left = \"X\", right = \"2\"{set} }}\n"
    );
    let map = SourceFile::new("pair.toml", map);
    let mut statuses = workflow(&[("A", "X"), ("X", "A")]);
    statuses[1].demands = ["resolution", "cf_9"].map(FieldName::from).into();
    let left = json!({ "fields": { "resolution": { "name": "Resolution", "kind": "choice" },
        "cf_9": { "name": "Reason", "kind": "text" }, "status": { "name": "Status", "kind": "choice" } } });
    let descriptions = Sides {
        left: SideDescription {
            statuses,
            ..serde_json::from_value(left).unwrap()
        },
        right: SideDescription::default(),
    };
    let around = Surroundings {
        descriptions: &descriptions,
        capabilities: &Sides::default(),
        nodes: None,
    };
    let rules = parse(&map).unwrap();
    let scripts = Sides {
        left: Some(SourceFile::new("l.js", script)),
        right: None,
    };
    let sources = RuleSources { map, scripts };
    let found = check(&rules, &sources, around, &InProcess::default());
    let found = found.iter().filter(|one| one.what.contains("demands"));
    let found: Vec<String> = found.map(|one| one.what.clone()).collect();
    assert_eq!(found, expected, "{fields} {set} {script}");
}

#[test]
fn what_transitions_demand_and_no_rule_sets_is_named() {
    let both = "every transition of a to \"X\" demands Reason, Resolution, which no rule sets";
    about_screens("", "", "", &[both]);
    let one = "every transition of a to \"X\" demands Reason, which no rule sets";
    let set = ", left_set = { Resolution = \"Fixed\" }";
    about_screens("", set, "", &[one]);
    let mapped = "[fields.why]\nleft = \"Reason\"\nright = \"why\"\n";
    about_screens(mapped, set, "", &[]);
    let away = format!("{mapped}dir = \"->\"\n");
    about_screens(&away, set, "", &[one]);
    let script = "export function incoming({ issue }) { issue.fields.Reason = 'so'; }";
    about_screens("", set, script, &[]);
}

#[test]
fn latest_of_a_field_that_only_scripts_fill_is_an_error() {
    let script = "export function outgoing({ replica }) { replica.flag = true; }";
    let scripts = Sides {
        left: Some(SourceFile::new("l.js", script)),
        right: Some(SourceFile::new("r.js", script)),
    };
    let text = HEAD.replace("trigger", "script = \"l.js\"\ntrigger");
    let text =
        format!("{text}script = \"r.js\"\n[fields.flag]\ntype = \"bool\"\nconflict = \"latest\"\n");
    let found = findings(&text, scripts);
    let part = "[fields.flag] cannot be settled by \"latest\": on the left only a script fills it";
    assert!(
        found.iter().any(|finding| finding.contains(part)),
        "{found:#?}"
    );
}

#[test]
fn scopes_that_overlap_are_one_place() {
    let connection = |file: &str, left: (&str, &str), right: (&str, &str)| {
        let text = format!(
            "format = 1\nname = \"{file}\"\n[left]\nnode = \"{}\"\nscope = {{ {} }}\n[right]\nnode = \"{}\"\nscope = {{ {} }}\n",
            left.0, left.1, right.0, right.1
        );
        parse(&SourceFile::new(file, text)).unwrap()
    };
    let check = |connections: &[RuleSet], expected: &[&str]| {
        let found = check_connections(&connections.iter().collect::<Vec<_>>());
        let found: Vec<&str> = found.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(found, expected);
    };
    let (sup, bug) = ("project = \"SUP\"", "project = \"SUP\", type = \"Bug\"");
    let task = "project = \"SUP\", type = \"Task\"";
    check(
        &[
            connection("1", ("jira", sup), ("b", "p = \"1\"")),
            connection("2", ("b", "p = \"1\""), ("jira", bug)),
        ],
        &["'2' closes a cycle between connections"],
    );
    check(
        &[
            connection("1", ("jira", task), ("b", "p = \"1\"")),
            connection("2", ("b", "p = \"1\""), ("jira", bug)),
        ],
        &[],
    );
    check(
        &[connection("1", ("jira", sup), ("jira", bug))],
        &["'1' connects a scope of 'jira' with itself"],
    );
}

#[test]
fn replica_fields_that_nobody_fills_or_reads_are_named() {
    finds(
        "[fields.x]\nleft = \"summary\"\ndir = \"<-\"\n",
        &[
            "10:9: error: nobody fills the replica field 'x'; name a native field, or assign it in a script's outgoing",
        ],
    );
    finds(
        "[fields.x]\nleft = \"summary\"\ndir = \"->\"\n",
        &[
            "10:9: error: nobody reads the replica field 'x'; name a native field, or read it in a script's incoming",
        ],
    );
}

#[test]
fn latest_needs_field_history_on_both_sides() {
    finds(
        "[policy]\nconflict = \"latest\"\n[fields.sev]\nleft = \"Severity\"\nright = \"Severity\"\n",
        &[
            "11:12: error: [fields.sev] cannot be settled by \"latest\": other keeps no history of 'sev'; write conflict = \"left\", \"right\", \"merge\" or \"hold\" in [fields.sev]",
        ],
    );
    let found = findings(
        &format!("{HEAD}[policy]\nconflict = \"latest\"\n{SUMMARY}"),
        Sides::default(),
    );
    assert!(
        !found.iter().any(|finding| finding.contains("latest")),
        "{found:#?}"
    );
}

#[test]
fn what_cannot_be_written_and_what_a_create_lacks_is_named() {
    finds(
        "[fields.c]\nleft = \"Created\"\nright = \"Title\"\n",
        &["11:8: error: 'Created' of a cannot be written; write dir = \"->\""],
    );
    finds(
        "",
        &[
            "8:8: warning: creating an item of b needs 'Kind', which nothing fills; map it, with a default, or assign it in the script's incoming",
        ],
    );
    finds(
        "[fields.a]\nleft = \"summary\"\nright = \"Title\"\n[fields.b]\nleft = \"summary\"\nright = \"Kind\"\n",
        &[
            "14:8: error: 'summary' on the left is written by [fields.a] and by [fields.b]; let one of them read only, by its dir",
        ],
    );
}

#[test]
fn comment_channels_are_judged() {
    finds(
        "[comments]\nchannels = [{ left = \"internal\", right = \"public\" }, { left = \"pubic\", right = \"public\" }]\n",
        &[
            "11:13: error: internal comments of the left channel 'internal' would enter the channel 'public', which is not internal; pair it with an internal channel, or write dir = \"<-\"",
            "11:54: error: jira-cloud has no comment channel 'pubic'; did you mean 'public'?",
            "10:2: note: comments in the right channel 'internal' never cross; list the channel, if they should",
        ],
    );
    finds(
        "[comments]\nchannels = [{ left = \"restricted\", right = \"internal\" }]\n",
        &[
            "11:13: error: comments cannot be written into the left channel 'restricted', which does not say who reads them; write dir = \"->\"",
        ],
    );
}

#[test]
fn a_policy_for_deletions_that_a_side_cannot_follow_is_an_error() {
    finds(
        "[policy]\ndeleted = \"delete\"\n",
        &[
            "11:11: error: deleted = \"delete\": items of a cannot be deleted; write deleted = \"close\" or \"unlink\"",
            "11:11: error: deleted = \"delete\": items of b cannot be deleted; write deleted = \"close\" or \"unlink\"",
        ],
    );
    let text = format!("{HEAD}[policy]\ndeleted = \"close\"\n");
    let found = findings(&text, Sides::default());
    let about: Vec<_> = found
        .iter()
        .filter(|finding| finding.contains("deleted"))
        .collect();
    assert_eq!(
        about,
        [
            "11:11: error: deleted = \"close\": no status of b is known to count as done; write deleted = \"unlink\""
        ]
    );
}

#[test]
fn scripts_are_loaded_and_read() {
    let text = format!(
        "{HEAD}script = \"r.js\"\n{SUMMARY}[fields.z]\nleft = \"Severity\"\nright = \"Severity\"\nright_via = \"sev\"\ndir = \"->\"\n"
    );
    let with = |script: &str| {
        let scripts = Sides {
            left: None,
            right: Some(SourceFile::new("r.js", script)),
        };
        findings(&text, scripts)
    };
    let syntax = with("export const sev = ;\n");
    assert!(
        syntax
            .iter()
            .any(|finding| finding.starts_with("r.js:1:") && finding.contains("SyntaxError")),
        "{syntax:#?}"
    );
    let missing = with("export function incoming() {}\n");
    assert!(
        missing
            .iter()
            .any(|finding| finding.contains("r.js does not export 'sev'")),
        "{missing:#?}"
    );
    let mut doubtful = with(
        "let count = 0;\nexport const sev = { outgoing: v => v, incoming: v => v };\nexport async function incoming() {}\n",
    );
    // A variable outside of functions begins anew with every call, so there is nothing to say about it.
    doubtful.retain(|finding| finding.starts_with("r.js"));
    assert_eq!(
        doubtful,
        ["r.js:3:1: warning: a rule is synchronous, but this line says 'async'; write it without"]
    );
}

#[test]
fn connections_are_seen_together() {
    let connection = |file: &str, name: &str, left: &str, right: &str| {
        let text = format!(
            "format = 1\nname = \"{name}\"\n[left]\nnode = \"{left}\"\nscope = {{ p = \"1\" }}\n[right]\nnode = \"{right}\"\nscope = {{ p = \"1\" }}\n"
        );
        parse(&SourceFile::new(file, text)).unwrap()
    };
    let all = [
        connection("1.toml", "ab", "a", "b"),
        connection("2.toml", "bc", "b", "c"),
        connection("3.toml", "ca", "c", "a"),
        connection("4.toml", "ab", "d", "e"),
        connection("5.toml", "self", "f", "f"),
    ];
    let found: Vec<String> = check_connections(&all.iter().collect::<Vec<_>>())
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("3.toml:2:8: warning: 'ca' closes a cycle between connections"));
    assert!(found[1].starts_with("4.toml:2:8: error: 1.toml also has a connection named 'ab'"));
    assert!(found[2].starts_with("5.toml:2:8: error: 'self' connects a scope of 'f' with itself"));
}
