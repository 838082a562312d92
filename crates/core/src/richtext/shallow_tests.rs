use crate::richtext::diff::touched;
use crate::richtext::merge::merge3;
use crate::richtext::{
    Block, Dialect, Document, Format, Inline, List, ListItem, Opaque, OpaqueInline, PanelKind,
    Table, adf, markdown, plain,
};

const DEPTH: usize = 100_000;

/// A paragraph in so many containers.
fn deep(wrap: impl Fn(Vec<Block>) -> Block) -> Document {
    let mut blocks = vec![Block::paragraph("text")];
    for _ in 0..DEPTH {
        blocks = vec![wrap(blocks)];
    }
    Document { blocks }
}

fn list(blocks: Vec<Block>) -> Block {
    let item = ListItem { task: None, blocks };
    Block::List(List {
        start: None,
        items: vec![item],
    })
}

fn table(blocks: Vec<Block>) -> Block {
    Block::Table(Table {
        header: Some(vec![blocks]),
        ..Table::default()
    })
}

fn opaque(shown: Vec<Block>) -> Block {
    Block::Opaque(Opaque {
        format: Format::Adf,
        raw: "{\"type\":\"x\"}".to_owned(),
        shown,
    })
}

fn in_line() -> Document {
    let mut shown = vec![Inline::text("text")];
    for _ in 0..DEPTH {
        shown = vec![Inline::Opaque(OpaqueInline {
            format: Format::MarkdownHtml,
            raw: "<x>".to_owned(),
            shown,
        })];
    }
    Document {
        blocks: vec![Block::Paragraph(shown)],
    }
}

/// Every function that walks a document does so on the small stack of a test's thread.
fn check(document: Document) {
    assert!(document.plain().contains("text"));
    assert!(document.blocks[0].plain().contains("text"));
    assert!(plain::encode(&document).0.contains("text"));
    let (text, _) = markdown::encode(&document);
    assert_eq!(markdown::encode(&markdown::decode(&text)).0, text);
    assert!(adf::decode(&adf::encode(&document).0).is_ok());
    let none = Document::default();
    for dialect in [Dialect::Markdown, Dialect::Adf, Dialect::Plain] {
        assert!(dialect.chars(&document) > 0, "{dialect:?}");
        touched(&document, &none, dialect);
        let project = |block: &Block| dialect.project_block(block);
        let merged = merge3(&none, &none, &document, &project);
        drop(merged);
        let conflict = merge3(&none, &Document::from_plain("ours"), &document, &project);
        drop(conflict);
    }
    // Without recursing: a tree of this depth cannot be dropped as it is.
    drop(document.normalised());
}

#[test]
fn a_tree_of_any_depth_is_walked_in_bounded_stack() {
    check(deep(Block::Quote));
    check(deep(list));
    check(deep(table));
    check(deep(opaque));
    check(deep(|blocks| Block::Panel {
        kind: PanelKind::Info,
        blocks,
    }));
    check(in_line());
}

#[test]
fn what_keeps_to_the_limit_is_left_as_it_is() {
    let mut blocks = vec![opaque(vec![Block::paragraph("text")])];
    for _ in 0..crate::richtext::MAX_DEPTH {
        blocks = vec![Block::Quote(blocks)];
    }
    assert!(matches!(
        super::shallow(&blocks),
        std::borrow::Cow::Borrowed(_)
    ));
    let deeper = vec![Block::Quote(blocks)];
    assert!(matches!(
        super::shallow(&deeper),
        std::borrow::Cow::Owned(_)
    ));
}
