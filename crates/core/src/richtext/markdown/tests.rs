//! Markdown as people write it, and what is made of it.

mod bounds;
mod properties;

use super::{decode, encode};
use crate::richtext::{
    Block, Document, Format, Inline, Link, LossKind, Marks, Mention, Opaque, PanelKind, Script,
};

/// A text that is read and written back letter by letter.
#[track_caller]
fn check_same(text: &str) {
    let (written, losses) = encode(&decode(text));
    assert_eq!(written, text);
    assert!(losses.is_empty(), "{losses:?}");
}

/// A text that is written in our own way.
#[track_caller]
fn check_written(text: &str, expected: &str) {
    assert_eq!(encode(&decode(text)).0, expected);
}

#[track_caller]
fn check_line(text: &str, expected: &[Inline]) {
    assert_eq!(decode(text).blocks, [Block::Paragraph(expected.to_vec())]);
}

#[test]
fn ordinary_texts_are_written_as_they_were() {
    for text in [
        "",
        "one line",
        "two\nlines\n\nand a paragraph",
        "# Title\n\n###### small",
        "**bold** _italic_ ~~gone~~ `code` **_both_**",
        "[a link](https://a.example/x?y=1 \"title\") and <https://b.example/>",
        "- a\n- b\n  * c\n    - d\n- e",
        "3. c\n4. d",
        "- [ ] to do\n- [x] done",
        "> quote\n>\n> more",
        "> [!WARNING]\n> hot",
        "```rust\nfn main() {}\n```",
        "````\n```\n````",
        "| a | b |\n| :-- | --: |\n| 1 | x \\| y |\n| `p\\|q` |  |",
        "![alt](https://a.example/i.png)",
        "snake_case stays",
        "x<sub>1</sub> <ins>under</ins>",
        "<details>\n<summary>s</summary>",
        "@bob and @org/team, not c@d",
        "- a\n\n  second\n\n- b",
    ] {
        check_same(text);
    }
}

#[test]
fn other_ways_to_write_the_same_become_ours() {
    check_written("* a\n* b", "- a\n- b");
    check_written("Title\n=====", "# Title");
    check_written("    code", "```\ncode\n```");
    check_written("__a__ *b*", "**a** _b_");
    check_written("a  \nb", "a\nb");
    check_written("***", "___");
    check_written("see https://a.example/b_c.", "see <https://a.example/b_c>.");
}

#[test]
fn what_is_only_text_stays_text() {
    let check = |text: &str, expected: &str| {
        let document = Document {
            blocks: vec![Block::paragraph(text)],
        };
        assert_eq!(encode(&document).0, expected);
        assert_eq!(decode(expected), document.normalised());
    };
    check("# no title", "\\# no title");
    check("- no item", "\\- no item");
    check("1. no item", "1\\. no item");
    check("> no quote", "\\> no quote");
    check("*a* `b` [c]", "\\*a\\* \\`b\\` \\[c\\]");
    check("a_b __c__", "a_b \\_\\_c\\_\\_");
    check("<b> a < b", "\\<b> a < b");
    check("&amp; a & b", "\\&amp; a & b");
    check("@bob", "@<!-- -->bob");
    check(
        "a.@bob-x, c@d, @ e, (@bob)",
        "a.@<!-- -->bob-x, c@d, @ e, (@<!-- -->bob)",
    );
    check("| a |\n|---|", "\\| a |\n\\|---|");
    check("שלום 👩‍👩‍👧", "שלום 👩‍👩‍👧");
}

#[test]
fn marks_that_touch_a_word_are_written_as_tags() {
    let bold = Marks {
        bold: true,
        ..Marks::default()
    };
    let content = vec![
        Inline::text("a"),
        Inline::marked("\"b\"", bold),
        Inline::text("c"),
    ];
    let document = Document {
        blocks: vec![Block::Paragraph(content)],
    };
    let (text, losses) = encode(&document);
    assert_eq!(text, "a<strong>\"b\"</strong>c");
    assert_eq!(decode(&text), document);
    assert!(losses.is_empty());
}

#[test]
fn links_mentions_and_tags_are_recognised() {
    let link = Marks {
        link: Some(Link::to("http://www.a.example")),
        ..Marks::default()
    };
    let bob = Inline::Mention(Mention {
        format: Format::MarkdownHtml,
        id: "bob".to_owned(),
        label: "bob".to_owned(),
    });
    let sub = Marks {
        script: Some(Script::Sub),
        ..Marks::default()
    };
    check_line("www.a.example", &[Inline::marked("www.a.example", link)]);
    check_line("hi @bob!", &[Inline::text("hi "), bob, Inline::text("!")]);
    check_line("\\@bob", &[Inline::text("@bob")]);
    check_line(
        "H<sub>2</sub>O",
        &[
            Inline::text("H"),
            Inline::marked("2", sub),
            Inline::text("O"),
        ],
    );
    check_line(
        "a<br>b",
        &[Inline::text("a"), Inline::Break, Inline::text("b")],
    );
}

#[test]
fn a_name_that_is_no_mention_calls_nobody() {
    let link = Marks {
        link: Some(Link::to("https://a.example")),
        ..Marks::default()
    };
    let document = Document {
        blocks: vec![Block::Paragraph(vec![
            Inline::text("é@bob "),
            Inline::marked("@ann", link),
        ])],
    };
    let (text, losses) = encode(&document);
    assert_eq!(text, "é@<!-- -->bob [@<!-- -->ann](https://a.example)");
    assert_eq!(decode(&text), document);
    assert!(losses.is_empty());
    check_same("@<!-- x -->bob");
}

/// A document that is written and read back as what it is lowered to, however often.
#[track_caller]
fn check_stable(line: Vec<Inline>, expected: &str) {
    let paragraph = Block::Paragraph(line);
    let table = crate::richtext::Table {
        rows: vec![vec![vec![paragraph]]],
        ..Default::default()
    };
    let (text, _) = encode(&Document {
        blocks: vec![Block::Table(table)],
    });
    let row = text.lines().last().unwrap();
    assert_eq!(row, format!("| {expected} |"));
    let (again, losses) = encode(&decode(&text));
    assert_eq!(again, text);
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn what_is_written_is_stable_where_neighbours_meet() {
    let code = |colour: Option<&str>| Marks {
        code: true,
        colour: colour.map(str::to_owned),
        ..Marks::default()
    };
    let bold = Marks {
        bold: true,
        ..Marks::default()
    };
    let link = Marks {
        link: Some(Link::to("u")),
        ..Marks::default()
    };
    let comment = Inline::Opaque(crate::richtext::OpaqueInline {
        format: Format::MarkdownHtml,
        raw: "<!-- -->".to_owned(),
        shown: Vec::new(),
    });
    let bob = Inline::Mention(Mention {
        format: Format::MarkdownHtml,
        id: "bob".to_owned(),
        label: "bob".to_owned(),
    });
    check_stable(
        vec![
            Inline::marked("\\", code(Some("#ff0000"))),
            Inline::marked("|", code(None)),
        ],
        "\\\\\\|",
    );
    check_stable(vec![Inline::text("<0@a>")], "\\<0@a>");
    check_stable(vec![Inline::text("@"), comment, bob], "@@<!-- -->bob");
    check_stable(
        vec![
            Inline::marked("a", link.clone()),
            Inline::marked(" ", bold),
            Inline::marked(" b", link),
        ],
        "[a](u)  [b](u)",
    );
}

#[test]
fn a_link_at_the_start_is_not_read_as_a_definition() {
    let check = |text: &str, expected: &str, lost: &[LossKind]| {
        let document = decode(text);
        let (written, report) = encode(&document);
        assert_eq!(written, expected);
        let found: Vec<_> = report.losses.iter().map(|loss| loss.what).collect();
        assert_eq!(found, lost);
        let read = decode(&written);
        assert_eq!(read.plain(), document.plain());
        assert_eq!(encode(&read).0, written);
    };
    // A pair of tags around nothing keeps the text itself from being a definition.
    let lost = &[LossKind::Mark];
    check("- <b></b>[`]:`](u)", "- [\\]:](u)", lost);
    check("<b></b>[a\n`]:`](u)", "[a\n\\]:](u)", lost);
    check("<b></b>[`\\[]: b`](u)", "[\\\\\\[\\]: b](u)", lost);
    check("<b></b>[`a[0]: b`](u)", "[`a[0]: b`](u)", &[]);
    check("<b></b>[`a]` :](u)", "[`a]` :](u)", &[]);
    check("x\n[`]:`](u)", "x\n[`]:`](u)", &[]);
}

#[test]
fn html_is_kept_verbatim_and_shows_its_text() {
    let html = "<div align=\"center\">\n<img src=\"a.png\" alt=\"A\"> Tom &amp; Jerry\n</div>";
    let document = decode(html);
    let [Block::Opaque(Opaque { format, raw, .. })] = &document.blocks[..] else {
        panic!("{document:?}");
    };
    assert_eq!((*format, raw.as_str()), (Format::MarkdownHtml, html));
    assert_eq!(document.plain(), "ATom & Jerry");
    check_same(html);
}

#[test]
fn what_is_lost_is_reported_with_its_block() {
    let red = Marks {
        colour: Some("#ff0000".to_owned()),
        ..Marks::default()
    };
    let cell = vec![Block::paragraph("a"), Block::paragraph("b")];
    let table = crate::richtext::Table {
        rows: vec![vec![cell]],
        ..Default::default()
    };
    let document = Document {
        blocks: vec![
            Block::paragraph("a\u{7}b"),
            Block::Paragraph(vec![Inline::marked("red", red)]),
            Block::Table(table),
            Block::Panel {
                kind: PanelKind::Info,
                blocks: vec![Block::paragraph("fine")],
            },
        ],
    };
    let (text, report) = encode(&document);
    let losses: Vec<_> = report
        .losses
        .iter()
        .map(|loss| (loss.block, loss.what))
        .collect();
    assert_eq!(
        losses,
        [
            (0, LossKind::ControlCharacters),
            (1, LossKind::Colour),
            (2, LossKind::Nesting)
        ]
    );
    assert_eq!(
        text,
        "ab\n\nred\n\n|  |\n| --- |\n| a<br>b |\n\n> [!NOTE]\n> fine"
    );
}
