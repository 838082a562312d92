//! The canonical form: documents that show the same are equal.

use super::inline::{Image, Inline, Link, Marks};
use super::model::{Alignment, Block, Document, List, ListItem, MAX_DEPTH, Media, Opaque, Table};

impl Document {
    /// The canonical form of a document:
    /// - neighbouring texts with equal marks are one, no text is empty, a line feed in a text is a [`Inline::Break`];
    /// - control characters are gone (a tab is a space outside code), `\r\n` is `\n`;
    /// - a line neither begins nor ends with a break;
    /// - a heading's level is 1 to 6; lists, tables, quotes and panels that have no content are gone;
    /// - a table's rows have equal length; a paragraph of one unlinked image is a [`Block::Media`];
    /// - blocks nest no deeper than [`MAX_DEPTH`]: deeper ones are lifted into their container.
    #[must_use]
    pub fn normalised(self) -> Self {
        Self {
            blocks: canonical_blocks(self.blocks, 0),
        }
    }
}

/// Whether a character is one that trackers reject or drop: a control other than line feed and tab, or a code point
/// that is no character in XML 1.0 (which Jira's and ServiceNow's stores are bound to).
pub(super) fn is_rejected(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A text without the characters that are rejected; `\r\n` and a lone `\r` become line feeds.
pub(super) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !is_rejected(*c)).collect()
}

/// As [`clean`], on one line.
pub(super) fn clean_line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

/// The canonical form of blocks at a depth of nesting.
pub(super) fn canonical_blocks(blocks: Vec<Block>, depth: usize) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    for block in blocks {
        canonical_block(block, depth, &mut out);
    }
    out
}

fn canonical_block(block: Block, depth: usize, out: &mut Vec<Block>) {
    match block {
        Block::Paragraph(content) => out.push(paragraph(canonical_inlines(content))),
        Block::Heading { level, content } => out.push(Block::Heading {
            level: level.clamp(1, 6),
            content: canonical_inlines(content),
        }),
        Block::Code { language, text } => out.push(Block::Code {
            language: language
                .map(|name| clean_line(&name).trim().to_owned())
                .filter(|name| !name.is_empty()),
            text: clean(&text),
        }),
        Block::Rule => out.push(Block::Rule),
        Block::Media(media) => out.push(Block::Media(canonical_media(media))),
        Block::Opaque(Opaque { format, raw, shown }) => out.push(Block::Opaque(Opaque {
            format,
            raw,
            shown: canonical_blocks(shown, depth + 1),
        })),
        container if depth >= MAX_DEPTH => {
            for child in children(container) {
                canonical_block(child, depth, out);
            }
        }
        container => canonical_container(container, depth + 1, out),
    }
}

fn canonical_container(block: Block, depth: usize, out: &mut Vec<Block>) {
    match block {
        Block::List(List { start, items }) if !items.is_empty() => {
            let items = items.into_iter().map(|item| ListItem {
                task: item.task,
                blocks: compartment(item.blocks, depth),
            });
            out.push(Block::List(List {
                start,
                items: items.collect(),
            }));
        }
        Block::Quote(blocks) => {
            let blocks = canonical_blocks(blocks, depth);
            if !blocks.is_empty() {
                out.push(Block::Quote(blocks));
            }
        }
        Block::Panel { kind, blocks } => {
            let blocks = canonical_blocks(blocks, depth);
            if !blocks.is_empty() {
                out.push(Block::Panel { kind, blocks });
            }
        }
        Block::Table(table) => out.extend(canonical_table(table, depth).map(Block::Table)),
        _ => {}
    }
}

/// The blocks inside a container, without the container.
fn children(block: Block) -> Vec<Block> {
    match block {
        Block::List(list) => list
            .items
            .into_iter()
            .flat_map(|item| item.blocks)
            .collect(),
        Block::Quote(blocks) | Block::Panel { blocks, .. } => blocks,
        Block::Table(table) => {
            let rows = table.header.into_iter().chain(table.rows);
            rows.flatten().flatten().collect()
        }
        leaf => vec![leaf],
    }
}

fn canonical_table(table: Table, depth: usize) -> Option<Table> {
    let width = table.width();
    if width == 0 {
        return None;
    }
    let row = |cells: Vec<Vec<Block>>| {
        let cells = cells.into_iter().map(|cell| compartment(cell, depth));
        let mut cells: Vec<_> = cells.collect();
        cells.resize(width, Vec::new());
        cells
    };
    let mut alignments = table.alignments;
    alignments.resize(width, Alignment::None);
    Some(Table {
        alignments,
        header: table.header.map(row),
        rows: table.rows.into_iter().map(row).collect(),
    })
}

/// The content of a list item or cell, where one empty paragraph is nothing.
fn compartment(blocks: Vec<Block>, depth: usize) -> Vec<Block> {
    let mut blocks = canonical_blocks(blocks, depth);
    if matches!(&blocks[..], [Block::Paragraph(content)] if content.is_empty()) {
        blocks.clear();
    }
    blocks
}

fn paragraph(mut content: Vec<Inline>) -> Block {
    match content.pop() {
        Some(Inline::Image(Image {
            url,
            alt,
            title,
            link: None,
        })) if content.is_empty() => Block::Media(Media {
            url: Some(url),
            alt,
            title,
            ..Media::default()
        }),
        last => {
            content.extend(last);
            Block::Paragraph(content)
        }
    }
}

fn canonical_media(media: Media) -> Media {
    Media {
        url: media.url.map(|url| clean_line(&url)),
        alt: clean_line(&media.alt),
        title: clean_title(media.title),
        ..media
    }
}

/// The canonical form of a line.
pub(super) fn canonical_inlines(content: Vec<Inline>) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::with_capacity(content.len());
    for inline in content {
        match inline {
            Inline::Text { text, marks } => push_text(&mut out, &text, &canonical_marks(marks)),
            Inline::Break => out.push(Inline::Break),
            Inline::Image(image) => out.push(Inline::Image(Image {
                url: clean_line(&image.url),
                alt: clean_line(&image.alt),
                title: clean_title(image.title),
                link: image.link.map(canonical_link),
            })),
            Inline::Opaque(mut opaque) => {
                opaque.shown = canonical_inlines(opaque.shown);
                out.push(Inline::Opaque(opaque));
            }
            Inline::Mention(mut mention) => {
                mention.label = clean_line(&mention.label);
                out.push(Inline::Mention(mention));
            }
            Inline::Emoji(mut emoji) => {
                emoji.text = emoji.text.map(|text| clean_line(&text));
                out.push(Inline::Emoji(emoji));
            }
        }
    }
    while out.last() == Some(&Inline::Break) {
        out.pop();
    }
    let leading = out.iter().take_while(|inline| **inline == Inline::Break);
    let leading = leading.count();
    out.drain(..leading);
    out
}

fn push_text(out: &mut Vec<Inline>, text: &str, marks: &Marks) {
    let text = clean(text).replace('\t', " ");
    for (position, line) in text.split('\n').enumerate() {
        if position > 0 {
            out.push(Inline::Break);
        }
        if line.is_empty() {
            continue;
        }
        match out.last_mut() {
            Some(Inline::Text {
                text: before,
                marks: same,
            }) if same == marks => before.push_str(line),
            _ => out.push(Inline::marked(line, marks.clone())),
        }
    }
}

fn canonical_marks(mut marks: Marks) -> Marks {
    let lower = |colour: String| colour.to_ascii_lowercase();
    marks.colour = marks.colour.map(lower);
    marks.background = marks.background.map(lower);
    marks.link = marks.link.map(canonical_link);
    marks
}

fn canonical_link(link: Link) -> Link {
    Link {
        url: clean_line(&link.url),
        title: clean_title(link.title),
    }
}

/// An empty title is none.
fn clean_title(title: Option<String>) -> Option<String> {
    title
        .map(|title| clean_line(&title))
        .filter(|title| !title.is_empty())
}
