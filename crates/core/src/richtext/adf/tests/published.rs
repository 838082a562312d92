//! What is written, against the schema that Atlassian publishes.

#[expect(
    unreachable_pub,
    reason = "the simulators' crate, whose file it is, is asked from other crates"
)]
#[path = "../../../../../sim/src/needs.rs"]
mod needs;

use super::super::{decode, encode};
use crate::richtext::{Block, Dialect, Document, arbitrary, markdown};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use std::path::PathBuf;

/// The file `dist/json-schema/v1/full.json` of the npm package `@atlaskit/adf-schema`; `cargo xtask test` fetches it
/// first. `None` when it is not there and not required.
fn schema() -> Option<jsonschema::Validator> {
    let path: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "../../target/testdata/npm/adf-schema/full.json",
    ]
    .iter()
    .collect();
    if !needs::met(path.is_file(), &path.display().to_string()) {
        return None;
    }
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft4);
    Some(options.build(&schema).unwrap())
}

fn check(schema: &jsonschema::Validator, document: &Document) -> Result<(), TestCaseError> {
    let value = encode(document).0;
    let errors: Vec<String> = schema
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    prop_assert!(errors.is_empty(), "{errors:#?}\n{value}");
    Ok(())
}

#[test]
fn what_is_written_is_valid() {
    let Some(schema) = schema() else { return };
    let mut runner = TestRunner::new(arbitrary::config());
    let outcome = runner.run(&arbitrary::document(), |document| {
        check(&schema, &document)?;
        check(&schema, &markdown::decode(&markdown::encode(&document).0))?;
        let shown = Dialect::Plain.project(&document).0;
        check(&schema, &shown)
    });
    outcome.unwrap();
}

#[test]
fn the_schema_refuses_what_is_no_document() {
    let Some(schema) = schema() else { return };
    let document = Document {
        blocks: vec![Block::paragraph("a")],
    };
    let mut value = encode(&document).0;
    assert!(schema.is_valid(&value));
    value["content"][0]["content"][0]["text"] = Value::Null;
    assert!(!schema.is_valid(&value));
    assert!(decode(&value).is_ok());
}
