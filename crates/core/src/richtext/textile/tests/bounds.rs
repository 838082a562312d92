//! Hostile texts: deep, long, and both.

use super::super::{decode, encode};
use crate::richtext::Document;

/// Takes a text through all that may walk over its tree.
#[track_caller]
fn check(text: &str) {
    let document = decode(text);
    let written = encode(&document).0;
    let again = decode(&written);
    assert_eq!(decode(&encode(&again).0), again);
    let stored = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<Document>(&stored).unwrap(), document);
}

#[test]
fn ten_thousand_levels_are_flattened() {
    check(&format!("{}x", "> ".repeat(10_000)));
    check(&format!("{} x", "*".repeat(10_000)));
    let deeper: Vec<String> = (1..300)
        .map(|depth| format!("{} x", "*".repeat(depth)))
        .collect();
    check(&deeper.join("\n"));
    check(&format!("{}x{}", "*_".repeat(5_000), "_*".repeat(5_000)));
    check(&format!(
        "{}x{}",
        "{{a\n".repeat(5_000),
        "\n}}".repeat(5_000)
    ));
}

#[test]
fn a_hundred_kilobytes_of_signs_are_read() {
    const BYTES: usize = 100_000;
    for unit in [
        "word ", "*a ", "a* ", "_a_", "@a ", "\"a", "\"a\":", "!a ", "!a(", "[[", "[[a|", "{{a",
        "{{a(", "<pre", "<pre>", "<!--", "<code> ", "|a", "|a|\n", "|[[", "h1. ", "* a\n", "(((",
        "%{", "*(a", "A(", "a[1", "&amp;", "https://", "-- ", "??a", ">\n", ">a\n", "p(",
    ] {
        let text = unit.repeat(BYTES / unit.len());
        check(&text);
    }
}
