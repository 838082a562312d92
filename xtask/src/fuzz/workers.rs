//! The frames between a host and its script workers, from both ends.

use super::targets::Judge;
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use twinline_core::names::Side;
use twinline_rules::script::{Call, CallKind, FieldSpec, Limits, Program, ScriptRunner as _};
use twinline_rules::worker::{WorkerPool, answer};

/// Of one call: little, so that an input that loops does not take all the time.
const LIMITS: Limits = Limits {
    time_ms: 250,
    steps_10k: 20,
    memory_mib: 16,
    output_max_bytes: 1 << 20,
};

/// A program that reads and writes a field.
pub(super) fn program() -> Program {
    let script = "export function outgoing({ issue, replica }) { trace(issue.key); replica.summary += '!'; }";
    let program = Program {
        digest: None,
        side: Side::Left,
        script: Some(("bugs.js".to_owned(), script.to_owned())),
        when: None,
        fields: BTreeMap::from([("summary".to_owned(), FieldSpec { kind: None })]),
        names: BTreeMap::new(),
        known: BTreeSet::new(),
        tables: BTreeMap::new(),
    };
    program.sealed()
}

/// A call on it.
pub(super) fn call() -> Call {
    Call {
        kind: CallKind::Outgoing,
        issue: json!({"key": "acme/app#1", "summary": "text", "labels": ["bug"]}),
        assigned: Map::new(),
        replica: json!({"summary": "text"}),
        previous: Value::Null,
        first_sync: false,
        link: Value::Null,
        vias: Vec::new(),
    }
}

/// What the parent sends is the input: the worker answers it or ends with an error.
#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn child() -> Result<Judge> {
    let id = program().id().to_owned();
    Ok(Box::new(move |input| {
        let sent = frames(input, &id);
        let mut answers = Vec::new();
        // Nonsense ends a worker, which its parent starts anew.
        drop(answer(&mut sent.as_slice(), &mut answers, &LIMITS));
    }))
}

/// What the worker answers is the input: a run ends with a reply or a failure that names the script.
pub(super) fn parent() -> Result<Judge> {
    let folder = tempfile::tempdir().context("making a folder")?;
    let file = folder.path().join("answers");
    let command = vec!["/bin/cat".into(), file.clone().into_os_string()];
    let pool = WorkerPool::new(command, 1, LIMITS);
    let (program, call) = (program(), call());
    Ok(Box::new(move |input| {
        fs::write(&file, frames(input, "")).expect("the folder is there");
        if let Err(failure) = pool.run(&program, &call) {
            assert!(!failure.reason.is_empty(), "a failure says why");
        }
        // Held as long as workers read from it.
        assert!(folder.path().is_dir());
    }))
}

/// Tags with their bodies as frames of the right length; all else as it stands. A call begins with its program's digest.
fn frames(input: &[u8], program: &str) -> Vec<u8> {
    let Ok(frames) = serde_json::from_slice::<Vec<(String, Value)>>(input) else {
        return input.to_vec();
    };
    let mut bytes = Vec::new();
    for (tag, body) in frames {
        let prefix = if tag == "C" { program } else { "" };
        let body = match body {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let length = u32::try_from(1 + prefix.len() + body.len()).expect("inputs are small");
        bytes.extend(length.to_be_bytes());
        bytes.extend(tag.bytes().take(1));
        bytes.extend(prefix.bytes());
        bytes.extend(body.bytes());
    }
    bytes
}
