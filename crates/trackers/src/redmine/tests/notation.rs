//! Texts in Textile, and whether a node says what its Redmine is set to.

use super::*;
use twinline_core::richtext::markdown;
use twinline_sim::redmine::site::TextFormatting;

fn site(text_formatting: TextFormatting) -> Site {
    Site {
        text_formatting,
        ..demo_site()
    }
}

fn textile(site: Site) -> SimHarness {
    SimHarness::with_texts(simulated(site), under(), Dialect::Textile)
}

#[tokio::test]
async fn the_contract_holds_where_texts_are_textile() {
    check_contract(&textile(site(TextFormatting::Textile))).await;
}

#[test]
fn a_marker_is_a_comment_in_textile_and_found_whatever_the_notation_is_by_now() {
    for notation in [Notation::Markdown, Notation::Textile] {
        let written = notation.join("a text", Some(&marker()));
        let (text, found) = text::split(&written);
        assert_eq!((text.as_str(), found), ("a text", Some(marker())));
    }
    let written = Notation::Textile.join("", Some(&marker()));
    assert_eq!(written, "<!-- twinline:r1:l1 -->");
    assert_eq!(text::split("<!-- a person's own -->").1, None);
}

#[test]
fn what_people_show_as_code_is_no_marker_and_what_stands_below_it_is() {
    let line = "[//]: # (twinline:r2:l2)";
    for (text, expected) in [
        (format!("```\n{line}\n```"), None),
        (format!("- a\n  ~~~ text\n{line}\n  ~~~\nb"), None),
        (format!("<pre>\n{line}\n</pre>"), None),
        (format!("```not a fence```\n{line}"), Some("l2")),
        // Nobody has ended it: what stands below is ours all the same.
        (format!("```\n{line}"), Some("l2")),
    ] {
        let (kept, found) = text::split(&text);
        let link = found.map(|marker| marker.link.to_string());
        assert_eq!(link.as_deref(), expected, "{text}");
        assert_eq!(kept.contains(line), expected.is_none(), "{text}");
        for notation in [Notation::Markdown, Notation::Textile] {
            let (_, found) = text::split(&notation.join(&text, Some(&marker())));
            assert_eq!(found, Some(marker()), "{text}");
        }
    }
}

#[tokio::test]
async fn what_people_write_about_editors_tells_no_notation() {
    let h = harness(site(TextFormatting::Markdown));
    let item = item(&h).await;
    let text = "<script src=\"/javascripts/jstoolbar/textile.js\">";
    let body = Value::Rich(twinline_core::richtext::Document::from_plain(text));
    let write = Effect::Update {
        item: item.reference.item.clone(),
        fields: [(field::DESCRIPTION.into(), FieldWrite::Replace(body))].into(),
        planned_from: item.version.clone(),
    };
    h.tracker().apply(&write).await.unwrap();
    let said = h.tracker().probe_place(&h.scope(), None).await.unwrap();
    assert!(said.is_empty(), "{said:?}");
}

#[tokio::test]
async fn a_text_is_written_in_the_notation_of_the_node() {
    let h = textile(site(TextFormatting::Textile));
    let item = item(&h).await;
    let document = markdown::decode("**bold** and `code`\n\n1. one\n2. two");
    let body = document.clone();
    let note = Effect::AddComment {
        item: item.reference.item.clone(),
        channel: CHANNEL_PUBLIC.to_owned(),
        body,
        marker: marker(),
    };
    let written = h.tracker().apply(&note).await.unwrap().comment.unwrap();
    assert_eq!(written.body, document);
    assert_eq!(
        Notation::Textile.write(&written.body),
        "*bold* and @code@\n\n# one\n# two"
    );
}

/// What the probe of a place says about the notation; empty: nothing.
async fn check_probe(h: &SimHarness, expected: &str) {
    item(h).await;
    let said = h.tracker().probe_place(&h.scope(), None).await.unwrap();
    let said = said.join("; ");
    assert!(
        said.contains(expected) && said.is_empty() == expected.is_empty(),
        "{said}"
    );
}

#[tokio::test]
async fn a_node_that_says_another_notation_than_its_redmine_has_is_told() {
    check_probe(&harness(site(TextFormatting::Markdown)), "").await;
    check_probe(&textile(site(TextFormatting::Textile)), "").await;
    let textile_there = harness(site(TextFormatting::Textile));
    check_probe(&textile_there, "write texts = \"textile\"").await;
    let markdown_there = textile(site(TextFormatting::Markdown));
    check_probe(&markdown_there, "write texts = \"markdown\"").await;
}
