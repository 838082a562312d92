use super::MAX_PADDING;
use crate::richtext::{
    Block, Document, Format, Inline, List, ListItem, MAX_DEPTH, Opaque, OpaqueInline, PanelKind,
    Table,
};

const LEVELS: usize = 10_000;

/// A word in so many containers, made canonical.
fn nested(wrap: impl Fn(Vec<Block>) -> Block) -> Document {
    let mut blocks = vec![Block::paragraph("x")];
    for _ in 0..LEVELS {
        blocks = vec![wrap(blocks)];
    }
    Document { blocks }.normalised()
}

/// The number of first children from the document down to the word.
#[track_caller]
fn check_depth(document: &Document, expected: usize) {
    let mut depth = 0;
    let mut block = &document.blocks[0];
    while *block != Block::paragraph("x") {
        depth += 1;
        block = match block {
            Block::List(list) => &list.items[0].blocks[0],
            Block::Quote(blocks) | Block::Panel { blocks, .. } => &blocks[0],
            Block::Table(table) => &table.rows[0][0][0],
            Block::Opaque(opaque) => &opaque.shown[0],
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(depth, expected);
}

#[test]
fn ten_thousand_levels_are_lifted_without_ten_thousand_calls() {
    check_depth(&nested(Block::Quote), MAX_DEPTH);
    let panel = |blocks| Block::Panel {
        kind: PanelKind::Info,
        blocks,
    };
    check_depth(&nested(panel), MAX_DEPTH);
    let list = |blocks| {
        let item = ListItem { task: None, blocks };
        Block::List(List {
            start: None,
            items: vec![item],
        })
    };
    check_depth(&nested(list), MAX_DEPTH);
    let table = |cell| {
        Block::Table(Table {
            rows: vec![vec![cell]],
            ..Table::default()
        })
    };
    check_depth(&nested(table), MAX_DEPTH);
    let opaque = |shown| {
        Block::Opaque(Opaque {
            format: Format::Html,
            raw: String::new(),
            shown,
        })
    };
    check_depth(&nested(opaque), 1);
}

#[test]
fn what_is_shown_of_an_opaque_node_in_a_line_is_not_opaque() {
    let mut line = vec![Inline::text("x")];
    for _ in 0..LEVELS {
        line = vec![Inline::Opaque(OpaqueInline {
            format: Format::Html,
            raw: "r".to_owned(),
            shown: line,
        })];
    }
    let document = Document {
        blocks: vec![Block::Paragraph(line)],
    };
    let expected = Inline::Opaque(OpaqueInline {
        format: Format::Html,
        raw: "r".to_owned(),
        shown: vec![Inline::text("x")],
    });
    assert_eq!(
        document.normalised().blocks,
        [Block::Paragraph(vec![expected])]
    );
}

#[test]
fn a_wide_row_above_many_short_ones_does_not_multiply() {
    let wide = vec![vec![Block::paragraph("x")]; 1_000];
    let table = |short: usize| {
        let mut rows = vec![wide.clone()];
        rows.resize(1 + short, Vec::new());
        let table = Table {
            rows,
            ..Table::default()
        };
        Document {
            blocks: vec![Block::Table(table)],
        }
        .normalised()
    };
    let fits = MAX_PADDING / 1_000;
    assert!(matches!(table(fits).blocks[..], [Block::Table(_)]));
    assert_eq!(table(fits + 1).blocks, vec![Block::paragraph("x"); 1_000]);
}
