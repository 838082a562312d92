use super::super::{decode, encode, lower};
use crate::richtext::{Document, arbitrary, markdown};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Shorter to read than the tree itself when a property fails.
fn shape(document: &Document) -> String {
    serde_json::to_string(document).unwrap()
}

fn kinds() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "paragraph",
        "heading",
        "bulletList",
        "orderedList",
        "listItem",
        "taskList",
        "taskItem",
        "blockquote",
        "panel",
        "codeBlock",
        "rule",
        "table",
        "tableRow",
        "tableHeader",
        "tableCell",
        "mediaSingle",
        "media",
        "mention",
        "emoji",
        "hardBreak",
        "inlineCard",
        "status",
        "date",
        "expand",
        "text",
        "decisionList",
        "unheard",
    ])
}

fn attributes() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!({}),
        json!({"level": 2}),
        json!({"order": 3}),
        json!({"state": "DONE", "localId": "x"}),
        json!({"panelType": "info"}),
        json!({"panelType": "custom"}),
        json!({"id": "a", "text": "@b"}),
        json!({"shortName": ":x:"}),
        json!({"url": "https://a.example"}),
        json!({"timestamp": "1700000000000"}),
        json!({"type": "external", "url": "u"}),
        json!({"layout": "center"}),
        json!({"colspan": 2}),
        json!([1]),
    ])
}

fn marks() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!([]),
        json!([{"type": "strong"}]),
        json!([{"type": "code"}, {"type": "em"}]),
        json!([{"type": "annotation", "attrs": {"id": "1"}}]),
        json!([{"type": "link", "attrs": {"href": "u"}}]),
        json!(3),
    ])
}

/// JSON of all shapes that has many of ADF's words in it.
fn node() -> impl Strategy<Value = Value> {
    let leaf = (kinds(), attributes(), marks(), arbitrary::text()).prop_map(
        |(kind, attributes, marks, text)| json!({"type": kind, "attrs": attributes, "marks": marks, "text": text}),
    );
    leaf.prop_recursive(5, 40, 4, move |inner| {
        (kinds(), attributes(), prop::collection::vec(inner, 0..4)).prop_map(
            |(kind, attributes, content)| {
                let mut node = json!({"type": kind, "content": content});
                if !attributes.is_null() {
                    node["attrs"] = attributes;
                }
                node
            },
        )
    })
}

fn doc(content: &[Value]) -> Value {
    json!({"version": 1, "type": "doc", "content": content})
}

proptest! {
    #![proptest_config(arbitrary::config())]

    #[test]
    fn what_is_written_is_read_back(document in arbitrary::document()) {
        let (lowered, _) = lower::document(&document);
        let (value, _) = encode(&document);
        prop_assert_eq!(shape(&decode(&value).unwrap()), shape(&lowered), "{}", value);
    }

    #[test]
    fn any_nodes_are_read_and_their_second_reading_is_the_same(nodes in prop::collection::vec(node(), 0..4)) {
        let once = decode(&doc(&nodes)).unwrap();
        let twice = decode(&encode(&once).0).unwrap();
        let thrice = decode(&encode(&twice).0).unwrap();
        prop_assert_eq!(shape(&thrice), shape(&twice));
    }

    #[test]
    fn markdown_that_went_through_adf_is_stable(document in arbitrary::document()) {
        let through = |document: &Document| {
            let text = markdown::encode(document).0;
            let value = encode(&markdown::decode(&text)).0;
            decode(&value).unwrap()
        };
        let once = through(&document);
        let twice = through(&once);
        prop_assert_eq!(shape(&through(&twice)), shape(&twice));
    }
}
