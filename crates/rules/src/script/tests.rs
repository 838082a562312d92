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
