//! Each kind of error with its message and place; defaults; arbitrary text.

use super::*;
use crate::model::{Fallback, Literal, NativeSource, NativeValue, ReferencePart, Unmapped};
use proptest::prelude::*;
use twinline_core::contract::{Conflict, Deleted, Drift, First, Leave};

const HEAD: &str = r#"format = 1
name = "pair"
[left]
node = "a"
scope = { project = "A" }
[right]
node = "b"
scope = { project = "B" }
"#;

/// Puts `text` after a sound head of eight lines and expects exactly these errors.
fn check(text: &str, expected: &[&str]) {
    check_whole(&format!("{HEAD}{text}"), expected);
}

fn check_whole(text: &str, expected: &[&str]) {
    let findings = match parse(&SourceFile::new("pair.toml", text)) {
        Ok(_) => Vec::new(),
        Err(findings) => findings,
    };
    let shown: Vec<String> = findings
        .iter()
        .map(|finding| {
            finding
                .to_string()
                .replace("pair.toml:", "")
                .replace(" error:", "")
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
}

fn read(text: &str) -> RuleSet {
    parse(&SourceFile::new("pair.toml", format!("{HEAD}{text}"))).unwrap()
}

#[test]
fn a_file_without_policy_overwrites_nothing_unasked() {
    let rules = read("[fields.summary]\nleft = \"summary\"\nright = \"summary\"\n");
    assert_eq!(rules.policy.conflict.value, Conflict::Hold);
    assert_eq!(rules.policy.tie, Side::Left);
    assert_eq!(rules.policy.first, First::Filled);
    assert_eq!(rules.policy.unmapped.value, Unmapped::Hold);
    assert_eq!(rules.policy.leave, Leave::Sleep);
    assert_eq!(rules.policy.deleted.value, Deleted::Unlink);
    assert_eq!(rules.policy.max_writes_per_10min, 500);
    let summary = &rules.fields["summary"];
    assert_eq!(summary.direction, Direction::Both);
    assert_eq!(summary.drift, Drift::Keep);
    assert_eq!(summary.conflict.value, Conflict::Hold);
    assert!(rules.comments.is_none() && rules.attachments.is_none());
}

#[test]
fn a_field_overrides_the_connections_policy() {
    let rules = read(
        "[policy]\nconflict = \"latest\"\ntie = \"right\"\nfirst = \"left\"\nunmapped = \"skip\"\n\
         [fields.a]\nleft = \"a\"\nright = \"a\"\nconflict = \"merge\"\ntie = \"left\"\nfirst = \"hold\"\nunmapped = \"default\"\n\
         [fields.b]\nleft = \"b\"\nright = \"b\"\n",
    );
    let a = &rules.fields["a"];
    assert_eq!(
        (a.conflict.value, a.tie, a.first, a.unmapped),
        (Conflict::Merge, Side::Left, First::Hold, Unmapped::Default)
    );
    let b = &rules.fields["b"];
    assert_eq!(
        (b.conflict.value, b.tie, b.first, b.unmapped),
        (Conflict::Latest, Side::Right, First::Left, Unmapped::Skip)
    );
}

#[test]
fn the_example_is_read_as_it_is_written() {
    let text = include_str!("../../tests/example/acme-support.toml");
    let rules = parse(&SourceFile::new("acme-support.toml", text)).unwrap();
    assert_eq!(rules.name.value.as_str(), "acme-support");
    assert_eq!(rules.sides.left.scope["type"].value, "Bug");
    assert_eq!(
        rules
            .sides
            .left
            .when
            .as_ref()
            .map(|when| when.value.as_str()),
        Some("issue.priority !== null")
    );
    let sources = &rules.fields["priority"].sources;
    assert!(
        matches!(&sources.right, Some(placed) if matches!(&placed.value, NativeSource::Fields(names) if names.len() == 2))
    );
    let from = rules.fields["twin_key"]
        .sources
        .right
        .as_ref()
        .map(|placed| &placed.value);
    assert_eq!(from, Some(&NativeSource::Reference(ReferencePart::Key)));
    let rows: Vec<&str> = rules.values["priority"]
        .rows
        .iter()
        .map(|row| row.value.value.as_str())
        .collect();
    assert_eq!(
        rows,
        ["critical", "high", "medium", "low"],
        "the order of the file"
    );
    let resolved = &rules.values["status"].rows[3];
    assert_eq!(resolved.entries.right.len(), 2);
    assert_eq!(
        resolved.set.right["close_notes"].value,
        Literal::Text("Resolved in {key}".to_owned())
    );
    assert_eq!(rules.values["status"].rows[4].direction, Direction::ToLeft);
    let default = rules.fields["priority"]
        .default
        .left
        .as_ref()
        .map(|placed| &placed.value);
    assert_eq!(
        default,
        Some(&NativeValue::One(Literal::Text("Medium".to_owned())))
    );
    assert_eq!(rules.people["staff"].fallback.left, Fallback::Nobody);
    assert_eq!(rules.people["staff"].fallback.right, Fallback::Keep);
    assert_eq!(
        rules
            .comments
            .as_ref()
            .map(|comments| comments.channels.len()),
        Some(2)
    );
    assert_eq!(
        rules
            .attachments
            .as_ref()
            .map(|attachments| attachments.max_mib),
        Some(25)
    );
}

#[test]
fn what_is_missing_is_named() {
    check_whole(
        "[left]\nnode = \"a\"\n",
        &[
            "1:1: the file lacks 'format'; write format = 1",
            "1:1: the file lacks 'name'; name the connection, as in name = \"acme-support\"",
            "1:1: the file lacks 'right'; add a section [right] with node and scope",
            "1:2: [left] lacks 'scope'; say where twins are created, as in scope = { project = \"SUP\" }",
        ],
    );
}

#[test]
fn what_is_no_toml_says_where() {
    check_whole(
        "format = 1\nname = pair\n",
        &[
            "2:8: this is not TOML: string values must be quoted, expected literal string; mend the syntax here",
        ],
    );
}

#[test]
fn unknown_keys_are_errors_with_a_suggestion() {
    check(
        "[polici]\n",
        &["9:2: the file has no key 'polici'; did you mean 'policy'?"],
    );
    check(
        "[policy]\nconflicts = \"hold\"\n",
        &["10:1: [policy] has no key 'conflicts'; did you mean 'conflict'?"],
    );
    check(
        "[fields.summary]\nlefft = \"summary\"\nright = \"summary\"\n",
        &["10:1: [fields.summary] has no key 'lefft'; did you mean 'left'?"],
    );
    check(
        "[values.v]\nhigh = { left = [\"High\"], rihgt = [\"1\"] }\n",
        &["10:27: [values.v.high] has no key 'rihgt'; did you mean 'right'?"],
    );
}

#[test]
fn wrong_values_are_shown_with_the_way_out() {
    check(
        "[policy]\nconflict = \"newest\"\n",
        &[
            "10:12: 'conflict' in [policy] cannot be \"newest\"; write \"left\" or \"right\" or \"latest\" or \"merge\" or \"hold\"",
        ],
    );
    check(
        "[policy]\ntie = 3\n",
        &["10:7: 'tie' in [policy] is the number 3; write a string, such as \"text\""],
    );
    check(
        "[policy]\nmax_writes_per_10min = 0\n",
        &[
            "10:24: 'max_writes_per_10min' in [policy] is the number 0; write a whole number from 1 to 1000000",
        ],
    );
    check(
        "[fields.a]\nleft = 7\n",
        &[
            "10:8: 'left' in [fields.a] is the number 7; write a native field's name, a list of names, or { from = \"key\" }",
        ],
    );
    check(
        "[fields.a]\ndir = \"=>\"\n",
        &["10:7: 'dir' in [fields.a] cannot be \"=>\"; write \"<->\" or \"->\" or \"<-\""],
    );
    check_whole(
        &format!("fields = 3\n{HEAD}"),
        &["1:10: 'fields' in the file is the number 3; write a table, such as { key = \"value\" }"],
    );
    check(
        "[fields]\na = 3\n",
        &["10:5: 'a' in [fields] is the number 3; write a table, such as { key = \"value\" }"],
    );
    check(
        "[fields.a]\nleft = \"\"\n",
        &["10:8: 'left' in [fields.a] is empty; write a text, or leave the key out"],
    );
    check(
        "[fields.comments]\nleft = \"x\"\n",
        &["9:9: 'comments' is no replica field of its own; use the [comments] section"],
    );
}

#[test]
fn what_does_not_fit_together_is_refused() {
    check(
        "[fields.a]\nleft = \"a\"\nright = \"b\"\nvalues = \"prio\"\n[values.priority]\n",
        &[
            "12:10: [fields.a] names the table [values.prio], which is not there; did you mean 'priority'?",
        ],
    );
    check(
        "[fields.a]\nleft = \"a\"\nright = { from = \"key\" }\n",
        &[
            "11:9: [fields.a] would write 'right', which is a part of the item's reference; write dir = \"<-\"",
        ],
    );
    check(
        "[fields.a]\nleft = \"a\"\nleft_via = \"area\"\nright = \"b\"\n",
        &[
            "11:12: [fields.a] names the export 'area', but the left has no script; add script = \"…\" to [left]",
        ],
    );
    check(
        "[fields.a]\nleft = \"a\"\nright = [\"impact\", \"urgency\"]\n",
        &[
            "11:9: [fields.a] reads several native fields on the right without a table; add values = \"…\" or right_via = \"…\", which make one value of them",
        ],
    );
    check(
        "[fields.a]\nleft = \"a\"\nright = [\"i\", \"u\"]\nvalues = \"v\"\n[values.v]\nx = { left = \"1\", right = \"2\" }\ny = { left = \"2\", right = { i = 1, q = 2 } }\n",
        &[
            "14:27: [fields.a] has the plain value \"2\" for several native fields; write { i = …, u = … }",
            "15:40: [fields.a] has a value for 'q', which it does not map; known here: i, u",
        ],
    );
    check(
        "[fields.a]\nleft = \"a\"\nvalues = \"v\"\npeople = \"p\"\n[values.v]\n[people.p]\n",
        &["12:10: [fields.a] has both 'values' and 'people'; keep one of them"],
    );
    check(
        "[comments]\nchannels = [{ left = \"public\" }]\n",
        &[
            "10:13: [comments.channels] lacks 'right'; name the channel by its native name, such as \"public\"",
        ],
    );
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".{0,400}") {
        drop(parse(&SourceFile::new("x.toml", text)));
    }

    #[test]
    fn a_damaged_example_never_panics(at in 0_usize..6000, length in 0_usize..40, put in "[\\[\\]{}=\"#,.a-z0-9 \n\u{e9}]{0,12}") {
        let text = include_str!("../../tests/example/acme-support.toml");
        let characters: Vec<char> = text.chars().collect();
        let at = at.min(characters.len());
        let end = (at + length).min(characters.len());
        let damaged: String = characters[..at].iter().copied().chain(put.chars()).chain(characters[end..].iter().copied()).collect();
        drop(parse(&SourceFile::new("x.toml", damaged)));
    }
}
