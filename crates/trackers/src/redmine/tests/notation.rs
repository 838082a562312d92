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
