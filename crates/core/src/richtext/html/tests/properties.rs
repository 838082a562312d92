use super::super::{decode, encode, lower};
use crate::richtext::{Document, arbitrary};
use proptest::prelude::*;

/// Shorter to read than the tree itself when a property fails.
fn json(document: &Document) -> String {
    serde_json::to_string(document).unwrap()
}

/// Pieces that are put together at random: tags that open, close, cross and break off.
fn piece() -> impl Strategy<Value = String> {
    let tags = prop::sample::select(vec![
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<b>",
        "</b>",
        "<i>",
        "</i>",
        "<ul>",
        "</ul>",
        "<li>",
        "</li>",
        "<ol start=3>",
        "</ol>",
        "<table>",
        "</table>",
        "<tr>",
        "</tr>",
        "<td>",
        "</td>",
        "<th>",
        "<td colspan=2>",
        "<thead>",
        "<br>",
        "<hr>",
        "<pre>",
        "</pre>",
        "<code>",
        "</code>",
        "<h2>",
        "</h2>",
        "<blockquote>",
        "</blockquote>",
        "<a href=\"u\">",
        "</a>",
        "<a href=\"#\" data-vss-mention=\"version:2.0,7\">",
        "<img src=\"a\" width=3>",
        "<span style=\"color:red;font-weight:bold\">",
        "</span>",
        "<foo x=1>",
        "</foo>",
        "<details>",
        "</details>",
        "<!-- c -->",
        "<!--",
        "<script>",
        "</script>",
        "<input type=checkbox>",
        "<",
        ">",
        "&amp;",
        "&nbsp;",
        "&eacute;",
        "&#150;",
        "&#x41;",
        "&nope;",
        "<p ",
        "\"",
        " ",
        "\n",
    ]);
    prop_oneof![
        4 => tags.prop_map(str::to_owned),
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
    fn so_it_is_of_tags_in_any_order(pieces in prop::collection::vec(piece(), 0..24)) {
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
