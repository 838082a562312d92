//! Hostile texts: deep, long, and both.

use super::super::{decode, encode};
use crate::richtext::Document;
use std::hint::black_box;
use std::time::{Duration, Instant};

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

/// How long a text takes to be read, at best of three times: others use the processor too.
#[expect(
    clippy::disallowed_methods,
    reason = "what is tested is how time grows with length"
)]
fn takes(text: &str) -> Duration {
    let once = |_| {
        let begun = Instant::now();
        black_box(decode(black_box(text)));
        begun.elapsed()
    };
    (0..3).map(once).min().unwrap_or_default()
}

/// Asserts that eight times the length takes far less than 64 times as long, which looking at all the rest for each sign
/// would.
#[track_caller]
fn linear(make: impl Fn(usize) -> String) {
    let (short, long) = (make(4_000), make(32_000));
    let mut last = 0.0;
    for _ in 0..5 {
        last = takes(&long).as_secs_f64() / takes(&short).as_secs_f64();
        if last < 24.0 {
            return;
        }
    }
    panic!("eight times {:?}… take {last} times as long", &short[..12]);
}

#[test]
fn of_each_sign_only_what_it_may_reach_is_looked_at() {
    linear(|signs| "-@a".repeat(signs));
    linear(|signs| format!("{} [[x]]@ y", " @a".repeat(signs)));
    linear(|signs| "@a@ ".repeat(signs));
    linear(|signs| "{{a(".repeat(signs));
    linear(|signs| "[[a".repeat(signs));
    linear(|signs| " !a(".repeat(signs));
}

#[test]
fn a_login_that_is_too_long_calls_nobody() {
    let calls = |letters: usize| {
        let text = format!("@{} x", "a".repeat(letters));
        let document = decode(&text);
        serde_json::to_string(&document)
            .unwrap()
            .contains("mention")
    };
    assert!(calls(60));
    assert!(!calls(61));
}
