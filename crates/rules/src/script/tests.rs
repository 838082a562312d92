//! Programs: kept ready, replaced when there are too many, known by their digest.

use super::*;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::names::Side;

fn program(text: &str) -> Program {
    let program = Program {
        digest: None,
        side: Side::Left,
        script: Some(("s.js".to_owned(), text.to_owned())),
        when: None,
        fields: BTreeMap::from([("a".to_owned(), FieldSpec { kind: None })]),
        names: BTreeMap::new(),
        known: BTreeSet::new(),
        tables: BTreeMap::new(),
    };
    program.sealed()
}

fn outgoing() -> Call {
    let issue = json!({ "id": "1", "fields": {}, "comments": [], "attachments": [] });
    let replica = json!({ "comments": [], "attachments": [] });
    Call::new(CallKind::Outgoing, issue, replica)
}

#[test]
fn more_programs_than_are_kept_all_run() {
    let runner = InProcess::default();
    for round in 0..2 {
        for number in 0..40 {
            let program = program(&format!(
                "export function outgoing({{ replica }}) {{ replica.a = {number} }}"
            ));
            let reply = runner.run(&program, &outgoing()).unwrap();
            assert_eq!(
                reply.replica.get("a"),
                Some(&Json::from(number)),
                "round {round}"
            );
        }
    }
}

#[test]
fn the_digest_tells_programs_apart() {
    let one = program("export const a = 1;");
    assert_eq!(one.id(), program("export const a = 1;").id());
    assert_ne!(one.id(), program("export const a = 2;").id());
    assert_eq!(one.id().len(), 32);
}

#[test]
fn a_failed_call_leaves_the_program_usable() {
    let runner = InProcess::default();
    let program = program(
        "export function outgoing({ issue, replica }) { if (issue.key) throw 'odd'; replica.a = 1 }",
    );
    let mut bad = outgoing();
    bad.issue["key"] = json!("K-1");
    let failure = runner.run(&program, &bad).unwrap_err();
    assert_eq!(failure.reason, "the script threw odd");
    assert!(runner.run(&program, &outgoing()).is_ok());
}

/// Runs three calls, each of which must see what the first saw.
fn check_forgets(text: &str, expected: &Json) {
    let runner = InProcess::default();
    let program = program(text);
    for number in 1..=3 {
        let reply = runner.run(&program, &outgoing()).unwrap();
        assert_eq!(
            reply.replica.get("a"),
            Some(expected),
            "call {number} of {text}"
        );
    }
}

#[test]
fn no_call_leaves_anything_to_the_next() {
    let cases = [
        "let calls = 0;\nexport function outgoing({ replica }) { replica.a = ++calls }",
        "const seen = new Map();\nexport const outgoing = ({ replica }) => { seen.set(seen.size, 1); replica.a = seen.size };",
        "const next = (() => { let n = 0; return () => ++n })();\nexport function outgoing({ replica }) { replica.a = next() }",
        "export function outgoing({ replica }) { outgoing.n = (outgoing.n ?? 0) + 1; replica.a = outgoing.n }",
        "const found = /a/g;\nexport function outgoing({ replica }) { found.test('aaaa'); replica.a = found.lastIndex }",
        "export let calls = 0;\nexport function outgoing({ replica }) { replica.a = ++calls }",
        // Forms of export that are read the long way round.
        "let calls = 0;\nfunction outgoing({ replica }) { replica.a = ++calls }\nexport { outgoing };",
        "let calls = 0; export function outgoing({ replica }) { replica.a = ++calls }",
    ];
    for text in cases {
        check_forgets(text, &json!(1));
    }
}

#[test]
fn what_is_shared_between_calls_cannot_be_changed() {
    let shared = [
        "Object.getPrototypeOf((async () => {})())",
        "Object.getPrototypeOf([].values().map(x => x))",
        "Object.getPrototypeOf(Iterator.from({ next() {} }))",
        "Object.getPrototypeOf(Object.getPrototypeOf((function* () {})()))",
        "values",
        "globalThis",
        "Function.prototype",
    ];
    for place in shared {
        let text = format!(
            "export function outgoing({{ replica }}) {{\n  const place = {place};\n  try {{ place.n = (place.n ?? 0) + 1 }} \
             catch {{}}\n  replica.a = place.n ?? 0 }}"
        );
        check_forgets(&text, &json!(0));
    }
}

#[test]
fn an_error_on_the_first_line_has_its_own_column() {
    let failing = "export function outgoing() { throw new Error('odd') }";
    for (text, line) in [(failing.to_owned(), 1), (format!("\n{failing}"), 2)] {
        let failure = InProcess::default()
            .run(&program(&text), &outgoing())
            .unwrap_err();
        assert_eq!(
            (failure.line, failure.column),
            (Some(line), Some(40)),
            "{text}"
        );
    }
}
