//! Documents of all shapes, for the properties.

use super::inline::{Emoji, Image, Inline, Link, Marks, Mention, OpaqueInline, Script};
use super::model::{
    Alignment, Block, Document, Format, List, ListItem, Media, Opaque, PanelKind, Table,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// How the properties are run: as often as `PROPTEST_CASES` says. A case that failed is kept as a test of its own, not
/// as a seed.
pub(super) fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Texts with all that means something in some notation, emoji, right-to-left letters and controls.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-c1. ]{1,6}",
        4 => r"[ a-z0-9*_~`\\|#<>\[\]()!&;:@+=./\x22'-]{0,12}",
        1 => any::<String>().prop_map(|text| text.chars().take(12).collect()),
        1 => prop_oneof![
            Just("https://a.example/x_y?q=1&r=(2)".to_owned()),
            Just("see www.a.example.".to_owned()),
            Just("@bob, and c@d".to_owned()),
            Just("@".to_owned()),
            Just("é@bob/@a-@@b".to_owned()),
            Just("1. x".to_owned()),
            Just("1) x".to_owned()),
            Just("- x".to_owned()),
            Just("```".to_owned()),
            Just("---".to_owned()),
            Just("| a | b |".to_owned()),
            Just("<b>x</b>".to_owned()),
            Just("<!-- x".to_owned()),
            Just("&amp; &copy; &#35;".to_owned()),
            Just("[x]: y".to_owned()),
            Just("]:y".to_owned()),
            Just("[!NOTE]".to_owned()),
            Just("שלום עולם".to_owned()),
            Just("👩‍👩‍👧 ❤️ 🇩🇪".to_owned()),
            Just("a\u{0}\u{7}\u{1b}b\tc\r\nd".to_owned()),
            Just("\u{a0}„x“ …".to_owned()),
            Just("(☃)".to_owned()),
        ],
    ]
}

fn link() -> impl Strategy<Value = Link> {
    let url = prop_oneof![
        Just("https://a.example/".to_owned()),
        Just("http://b.example/a (b)".to_owned()),
        "[a-z:/<>()\\\\ &;|*_]{0,8}",
    ];
    (url, option::weighted(0.2, text())).prop_map(|(url, title)| Link { url, title })
}

fn marks() -> impl Strategy<Value = Marks> {
    let colour = || option::weighted(0.1, Just("#ff0000".to_owned()));
    let script = option::weighted(0.1, prop_oneof![Just(Script::Sub), Just(Script::Super)]);
    let some = || prop::bool::weighted(0.25);
    let looks = (some(), some(), some(), some(), prop::bool::weighted(0.1));
    (
        looks,
        script,
        colour(),
        colour(),
        option::weighted(0.2, link()),
    )
        .prop_map(
            |((bold, italic, strike, code, underline), script, colour, background, link)| Marks {
                bold,
                italic,
                strike,
                code,
                underline,
                script,
                colour,
                background,
                link,
            },
        )
}

fn inline() -> impl Strategy<Value = Inline> {
    let html = prop_oneof![
        Just("<span>"),
        Just("</span>"),
        Just("<b>"),
        Just("<!-- x -->"),
        Just("<!-- -->"),
        Just("<no"),
        Just("<br>"),
        Just("<img src=\"a\" alt=\"b\">"),
        Just("<div>")
    ];
    let adf = r##"{"attrs":{"color":"blue","text":"Done"},"type":"status"}"##;
    prop_oneof![
        4 => text().prop_map(Inline::text),
        4 => (text(), marks()).prop_map(|(text, marks)| Inline::marked(text, marks)),
        2 => Just(Inline::Break),
        1 => prop_oneof![Just("bob"), Just("org/team_1"), Just("no login!")].prop_map(|id| {
            Inline::Mention(Mention {
                format: Format::MarkdownHtml,
                id: id.to_owned(),
                label: id.to_owned(),
            })
        }),
        1 => text().prop_map(|label| Inline::Mention(Mention {
            format: Format::Adf,
            id: "557058:1".to_owned(),
            label,
        })),
        1 => option::of(text()).prop_map(|text| Inline::Emoji(Emoji {
            short_name: ":smile:".to_owned(),
            id: text.as_ref().map(|_| "1f604".to_owned()),
            text,
        })),
        1 => (link(), text(), option::weighted(0.3, link())).prop_map(|(at, alt, link)| {
            Inline::Image(Image {
                url: at.url,
                alt,
                title: at.title,
                link,
            })
        }),
        1 => (html, text()).prop_map(|(raw, shown)| Inline::Opaque(OpaqueInline {
            format: Format::MarkdownHtml,
            raw: raw.to_owned(),
            shown: vec![Inline::text(shown)],
        })),
        1 => Just(Inline::Opaque(OpaqueInline {
            format: Format::Adf,
            raw: adf.to_owned(),
            shown: vec![Inline::text("Done")],
        })),
    ]
}

pub(super) fn line() -> impl Strategy<Value = Vec<Inline>> {
    vec(inline(), 0..6)
}

fn media() -> impl Strategy<Value = Media> {
    (
        link(),
        text(),
        option::of(Just("f-1".to_owned())),
        option::of(1..2000_u32),
    )
        .prop_map(|(at, alt, id, width)| Media {
            url: if id.is_some() { None } else { Some(at.url) },
            collection: id.as_ref().map(|_| "c".to_owned()),
            id,
            alt,
            title: at.title,
            width,
            height: width,
        })
}

fn leaf() -> impl Strategy<Value = Block> {
    let html = prop_oneof![
        Just("<div>\nx\n</div>"),
        Just("<details><summary>s</summary>"),
        Just("<!-- a\n\nb -->"),
        Just("<!-- open"),
        Just("not html"),
        Just("<script>\n\n1\n</script>"),
    ];
    let language = option::of(prop_oneof![
        Just("rust".to_owned()),
        Just("a`b & \\c".to_owned()),
        text()
    ]);
    let adf = r##"{"attrs":{"title":"t"},"content":[{"type":"paragraph"}],"type":"expand"}"##;
    prop_oneof![
        6 => line().prop_map(Block::Paragraph),
        2 => (0..8_u8, line()).prop_map(|(level, content)| Block::Heading { level, content }),
        2 => (language, vec(text(), 0..4)).prop_map(|(language, lines)| Block::Code {
            language,
            text: lines.join("\n"),
        }),
        1 => Just(Block::Rule),
        1 => media().prop_map(Block::Media),
        1 => (html, text()).prop_map(|(raw, shown)| Block::Opaque(Opaque {
            format: Format::MarkdownHtml,
            raw: raw.to_owned(),
            shown: vec![Block::paragraph(shown)],
        })),
        1 => Just(Block::Opaque(Opaque {
            format: Format::Adf,
            raw: adf.to_owned(),
            shown: vec![Block::paragraph("t")],
        })),
    ]
}

fn block() -> impl Strategy<Value = Block> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        let blocks = || vec(inner.clone(), 0..4);
        let item = (option::of(any::<bool>()), blocks())
            .prop_map(|(task, blocks)| ListItem { task, blocks });
        let number = option::of(prop_oneof![0..12_u64, Just(999_999_999), any::<u64>()]);
        let kind = prop_oneof![
            Just(PanelKind::Info),
            Just(PanelKind::Note),
            Just(PanelKind::Success),
            Just(PanelKind::Warning),
            Just(PanelKind::Error)
        ];
        let alignment = prop_oneof![
            Just(Alignment::None),
            Just(Alignment::Left),
            Just(Alignment::Center),
            Just(Alignment::Right)
        ];
        let cell = prop_oneof![3 => line().prop_map(|line| vec![Block::Paragraph(line)]), 1 => blocks()];
        let row = || vec(cell.clone(), 0..4);
        prop_oneof![
            3 => (number, vec(item, 0..4)).prop_map(|(start, items)| Block::List(List { start, items })),
            1 => blocks().prop_map(Block::Quote),
            1 => (kind, blocks()).prop_map(|(kind, blocks)| Block::Panel { kind, blocks }),
            1 => (vec(alignment, 0..4), option::of(row()), vec(row(), 0..3)).prop_map(
                |(alignments, header, rows)| Block::Table(Table { alignments, header, rows })
            ),
        ]
    })
}

pub(super) fn document() -> impl Strategy<Value = Document> {
    vec(block(), 0..5).prop_map(|blocks| Document { blocks })
}
