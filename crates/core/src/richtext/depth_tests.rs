use super::MAX_AROUND;
use crate::richtext::{Document, MAX_DEPTH};
use serde_json::{Value, json};

/// Blocks that nest as deeply as they may are read; one level more, and many more, are refused.
#[track_caller]
fn check(wrap: fn(Value) -> Value) {
    let nested = |levels: usize| {
        let word = json!([{"paragraph": [{"text": {"text": "x"}}]}]);
        let blocks = (0..levels).fold(word, |inner, _| wrap(inner));
        serde_json::from_value::<Document>(blocks)
    };
    assert_eq!(nested(MAX_AROUND).unwrap().plain().matches('x').count(), 1);
    for levels in [MAX_AROUND + 1, 100] {
        let error = nested(levels).unwrap_err().to_string();
        assert!(
            error.contains(&format!("more than {MAX_DEPTH} levels")),
            "{error}"
        );
    }
    assert!(nested(1).is_ok());
}

#[test]
fn what_nests_too_deeply_is_not_deserialised() {
    check(|blocks| json!([{"quote": blocks}]));
    check(|blocks| json!([{"panel": {"kind": "info", "blocks": blocks}}]));
    check(|blocks| json!([{"list": {"items": [{"blocks": blocks}]}}]));
    check(|blocks| json!([{"table": {"alignments": [], "rows": [[blocks]]}}]));
    check(|blocks| json!([{"table": {"alignments": [], "header": [blocks], "rows": []}}]));
    check(|blocks| json!([{"opaque": {"format": "adf", "raw": "", "shown": blocks}}]));
}

#[test]
fn nor_are_opaque_nodes_in_a_line() {
    let line = |levels: usize| {
        let word = json!([{"text": {"text": "x"}}]);
        let wrap = |line, _| json!([{"opaque": {"format": "adf", "raw": "", "shown": line}}]);
        let line = (0..levels).fold(word, wrap);
        serde_json::from_value::<Document>(json!([{"paragraph": line}]))
    };
    assert_eq!(line(MAX_AROUND).unwrap().plain(), "x");
    assert!(line(MAX_AROUND + 1).is_err());
}
