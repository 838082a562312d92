use super::super::{decode, encode, lower};
use crate::richtext::{Document, arbitrary};
use proptest::prelude::*;

/// Shorter to read than the tree itself when a property fails.
fn json(document: &Document) -> String {
    serde_json::to_string(document).unwrap()
}

/// Pieces that are put together at random.
const PIECES: &[&str] = &[
    "*",
    "**",
    "_",
    "__",
    "-",
    "+",
    "^",
    "~",
    "%",
    "??",
    "@",
    "!",
    "\"",
    "\":",
    ":",
    "(",
    ")",
    "[",
    "]",
    "[[",
    "]]",
    "|",
    "|_. ",
    "|>. ",
    "{{",
    "}}",
    "{{toc}}",
    "{color:red}",
    "(x)",
    "[fr]",
    "\n",
    "\n\n",
    "\n* ",
    "\n** ",
    "\n# ",
    "\n> ",
    "\n>> ",
    "\nh2. ",
    "\np(x). ",
    "\nbq. ",
    "\nfn1. ",
    "\n|a|b|\n",
    "\n---\n",
    "<pre>",
    "</pre>",
    "<code>",
    "</code>",
    "<pre><code class=\"c\">",
    "</code></pre>",
    "<kbd>",
    "</kbd>",
    "<notextile>",
    "</notextile>",
    "<!--",
    "-->",
    "https://a.example/b",
    "\"a\":https://a.example/b",
    "!a.png!",
    "!{width:3px}a.png(b)!",
    "@bob",
    "&amp;",
    "&#42;",
    "HTML(x)",
    "a[1]",
    " ",
    "a",
    ".",
    ", ",
    "==",
];

fn piece() -> impl Strategy<Value = String> {
    let signs = prop::sample::select(PIECES);
    prop_oneof![
        4 => signs.prop_map(str::to_owned),
        1 => arbitrary::text(),
    ]
}

proptest! {
    #![proptest_config(arbitrary::config())]

    #[test]
    fn what_is_written_is_read_back(document in arbitrary::document()) {
        let (lowered, _) = lower::document(&document);
        let (text, _) = encode(&document);
        prop_assert_eq!(json(&decode(&text)), json(&lowered), "{}", text);
    }

    #[test]
    fn any_text_is_read_and_its_second_reading_is_the_same(text in any::<String>()) {
        let once = decode(&text);
        let twice = decode(&encode(&once).0);
        prop_assert_eq!(decode(&encode(&twice).0), twice);
    }

    #[test]
    fn so_it_is_of_signs_in_any_order(pieces in prop::collection::vec(piece(), 0..24)) {
        let once = decode(&pieces.concat());
        let written = encode(&once).0;
        let twice = decode(&written);
        prop_assert_eq!(json(&decode(&encode(&twice).0)), json(&twice), "{}", written);
    }

    #[test]
    fn what_was_read_is_lowered_already(pieces in prop::collection::vec(piece(), 0..24)) {
        let once = decode(&encode(&decode(&pieces.concat())).0);
        let (lowered, losses) = lower::document(&once);
        prop_assert_eq!(json(&lowered), json(&once));
        prop_assert!(losses.is_empty(), "{:?}", losses);
    }
}
