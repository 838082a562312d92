//! Hostile texts: deep, long, and both.

use super::super::{decode, encode};
use crate::richtext::{Document, adf};

/// Takes a text through all that may walk over its tree.
#[track_caller]
fn check(text: &str) {
    let document = decode(text);
    let written = encode(&document).0;
    assert!(
        written.len() <= 20 * text.len() + 100,
        "{} bytes",
        written.len()
    );
    let again = decode(&written);
    assert_eq!(decode(&encode(&again).0), again);
    let value = adf::encode(&document).0;
    adf::decode(&value).unwrap();
    let stored = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<Document>(&stored).unwrap(), document);
}

#[test]
fn ten_thousand_levels_are_flattened() {
    check(&format!("{}x", "> ".repeat(10_000)));
    check(&format!("{}x", "- ".repeat(10_000)));
    check(&format!("{}x", "1. ".repeat(10_000)));
    check(&format!(
        "{}x{}",
        "<sub>".repeat(10_000),
        "</sub>".repeat(10_000)
    ));
    check(&format!(
        "{}x{}",
        "**a ".repeat(10_000),
        "**".repeat(10_000)
    ));
    check(&format!("{}x{}", "[".repeat(10_000), "](y)".repeat(10_000)));
    check(&format!(
        "{}x{}",
        "![".repeat(10_000),
        "](y)".repeat(10_000)
    ));
}

#[test]
fn a_long_address_around_many_pieces_does_not_multiply() {
    let pieces = "a*b*".repeat(5_000);
    let address = format!("https://a.example/{}", "x".repeat(50_000));
    check(&format!("[{pieces}]({address})"));
    let spaces = "<b> </b><i> </i>".repeat(5_000);
    check(&format!("[x]({address}) {spaces}y"));
}

#[test]
fn many_line_breaks_are_written_in_linear_time() {
    check(&format!("a{}b", "<br>".repeat(20_000)));
}

#[test]
fn a_hundred_kilobytes_of_signs_are_read() {
    const BYTES: usize = 100_000;
    for unit in [
        "word ", "a*b_", "@a ", "www.", "- x\n", "| a ", "&amp;", "<b>", "https://", "\\@", "`a` ",
        "http://(", "<!-- c ", "[", "<",
    ] {
        let text = unit.repeat(BYTES / unit.len());
        let document = decode(&text);
        assert!(!document.is_empty(), "{unit}");
    }
}
