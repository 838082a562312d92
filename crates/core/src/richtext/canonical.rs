//! The canonical form: documents that show the same are equal.

use super::inline::{Image, Inline, Link, Marks};
use super::model::{Alignment, Block, Document, List, ListItem, MAX_DEPTH, Media, Opaque, Table};

/// How many empty cells a table gets at most to make its rows equally long.
pub(super) const MAX_PADDING: usize = 100_000;

impl Document {
    /// The canonical form of a document:
    /// - neighbouring texts with equal marks are one, no text is empty, a line feed in a text is a [`Inline::Break`];
    /// - control characters are gone (a tab is a space outside code), `\r\n` is `\n`;
    /// - a line neither begins nor ends with a break;
    /// - a heading's level is 1 to 6; lists, tables, quotes and panels that have no content are gone;
    /// - a table's rows have equal length; a paragraph of one unlinked image is a [`Block::Media`];
    /// - blocks nest no deeper than [`MAX_DEPTH`]: deeper ones are lifted into their container; so are the cells of a table
    ///   whose rows differ so much in length that 100 000 empty cells would not even them;
    /// - nothing in the shown form of an opaque node is opaque.
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
    if !text.contains(is_rejected) {
        return text.to_owned();
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !is_rejected(*c)).collect()
}

/// As [`clean`], on one line.
pub(super) fn clean_line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

/// The canonical form of blocks at a depth of nesting.
pub(super) fn canonical_blocks(blocks: Vec<Block>, depth: usize) -> Vec<Block> {
    canonical_in(
        blocks,
        Place {
            depth,
            shown: false,
        },
    )
}

/// Where blocks stand.
#[derive(Clone, Copy)]
struct Place {
    /// In how many containers.
    depth: usize,
    /// Whether in the shown form of an opaque node.
    shown: bool,
}

impl Place {
    fn inside(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }

    /// Whether a block's content stands here in its stead.
    fn lifts(self, block: &Block) -> bool {
        match block {
            Block::Opaque(_) => self.shown,
            Block::List(_) | Block::Quote(_) | Block::Panel { .. } => self.depth >= MAX_DEPTH,
            Block::Table(table) => self.depth >= MAX_DEPTH || padding(table) > MAX_PADDING,
            _ => false,
        }
    }
}

/// How many cells the rows of a table lack.
fn padding(table: &Table) -> usize {
    let rows = table.header.iter().chain(&table.rows);
    let cells: usize = rows.clone().map(Vec::len).sum();
    table.width().saturating_mul(rows.count()) - cells
}

/// Lifts with a stack of its own, so that the depth of what is lifted is never depth of calls.
fn canonical_in(blocks: Vec<Block>, place: Place) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    let mut open = vec![blocks.into_iter()];
    while let Some(blocks) = open.last_mut() {
        match blocks.next() {
            Some(block) if place.lifts(&block) => open.push(children(block).into_iter()),
            Some(block) => canonical_block(block, place, &mut out),
            None => drop(open.pop()),
        }
    }
    out
}

fn canonical_block(block: Block, place: Place, out: &mut Vec<Block>) {
    match block {
        Block::Paragraph(content) => out.push(paragraph(line_in(content, place.shown))),
        Block::Heading { level, content } => out.push(Block::Heading {
            level: level.clamp(1, 6),
            content: line_in(content, place.shown),
        }),
        Block::Code { language, text } => out.push(Block::Code {
            language: language
                .map(|name| clean_line(&name).trim().to_owned())
                .filter(|name| !name.is_empty()),
            text: clean(&text),
        }),
        Block::Rule => out.push(Block::Rule),
        Block::Media(media) => out.push(Block::Media(canonical_media(media))),
        Block::Opaque(Opaque { format, raw, shown }) => {
            let inside = Place {
                shown: true,
                ..place.inside()
            };
            out.push(Block::Opaque(Opaque {
                format,
                raw,
                shown: canonical_in(shown, inside),
            }));
        }
        container => canonical_container(container, place.inside(), out),
    }
}

fn canonical_container(block: Block, place: Place, out: &mut Vec<Block>) {
    match block {
        Block::List(List { start, items }) if !items.is_empty() => {
            let items = items.into_iter().map(|item| ListItem {
                task: item.task,
                blocks: compartment(item.blocks, place),
            });
            out.push(Block::List(List {
                start,
                items: items.collect(),
            }));
        }
        Block::Quote(blocks) => {
            let blocks = canonical_in(blocks, place);
            if !blocks.is_empty() {
                out.push(Block::Quote(blocks));
            }
        }
        Block::Panel { kind, blocks } => {
            let blocks = canonical_in(blocks, place);
            if !blocks.is_empty() {
                out.push(Block::Panel { kind, blocks });
            }
        }
        Block::Table(table) => out.extend(canonical_table(table, place).map(Block::Table)),
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
        Block::Opaque(opaque) => opaque.shown,
        leaf => vec![leaf],
    }
}

fn canonical_table(table: Table, place: Place) -> Option<Table> {
    let width = table.width();
    if width == 0 {
        return None;
    }
    let row = |cells: Vec<Vec<Block>>| {
        let cells = cells.into_iter().map(|cell| compartment(cell, place));
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
fn compartment(blocks: Vec<Block>, place: Place) -> Vec<Block> {
    let mut blocks = canonical_in(blocks, place);
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
    line_in(content, false)
}

/// The canonical form of a line; in the shown form of an opaque node what is opaque is replaced by what it shows.
fn line_in(content: Vec<Inline>, shown: bool) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::with_capacity(content.len());
    let mut open = vec![content.into_iter()];
    while let Some(content) = open.last_mut() {
        match content.next() {
            Some(Inline::Opaque(opaque)) if shown => open.push(opaque.shown.into_iter()),
            Some(inline) => push_inline(&mut out, inline),
            None => drop(open.pop()),
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

fn push_inline(out: &mut Vec<Inline>, inline: Inline) {
    match inline {
        Inline::Text { text, marks } => push_text(out, text, canonical_marks(marks)),
        Inline::Break => out.push(Inline::Break),
        Inline::Image(image) => out.push(Inline::Image(Image {
            url: clean_line(&image.url),
            alt: clean_line(&image.alt),
            title: clean_title(image.title),
            link: image.link.map(canonical_link),
        })),
        Inline::Opaque(mut opaque) => {
            opaque.shown = line_in(opaque.shown, true);
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

fn push_text(out: &mut Vec<Inline>, text: String, marks: Marks) {
    // Lines are made canonical many times; nearly all texts are so already, and are moved.
    if !text.contains(|c| is_rejected(c) || c == '\n' || c == '\t') {
        push_run(out, text, marks);
        return;
    }
    let text = clean(&text).replace('\t', " ");
    for (position, line) in text.split('\n').enumerate() {
        if position > 0 {
            out.push(Inline::Break);
        }
        push_run(out, line.to_owned(), marks.clone());
    }
}

/// Appends a text of one line to the text before it, if they look the same.
fn push_run(out: &mut Vec<Inline>, line: String, marks: Marks) {
    match out.last_mut() {
        _ if line.is_empty() => {}
        Some(Inline::Text {
            text: before,
            marks: same,
        }) if *same == marks => before.push_str(&line),
        _ => out.push(Inline::marked(line, marks)),
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

#[cfg(test)]
#[path = "canonical_tests.rs"]
mod tests;
