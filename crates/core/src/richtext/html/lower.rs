//! Blocks made into what HTML can hold.

use super::{decode, lower_line};
use crate::richtext::inline::Inline;
use crate::richtext::loss::{LossKind, LossReport, Losses};
use crate::richtext::lower;
use crate::richtext::model::{Block, Cell, Document, Format, List, ListItem, Media, Opaque, Table};

/// The greatest number at which browsers let a list begin.
const NUMBER_MAX: u64 = 2_147_483_647;

/// The document that HTML can hold.
pub(super) fn document(document: &Document) -> (Document, LossReport) {
    lower::document(document, block)
}

fn blocks(blocks: Vec<Block>, losses: &mut Losses) -> Vec<Block> {
    let lowered = blocks.into_iter().flat_map(|one| block(one, losses));
    lowered.collect()
}

fn block(one: Block, losses: &mut Losses) -> Vec<Block> {
    vec![match one {
        Block::Paragraph(content) => Block::Paragraph(lower_line::line(content, losses)),
        Block::Heading { level, content } => Block::Heading {
            level,
            content: lower_line::line(content, losses),
        },
        Block::List(list) => Block::List(self::list(list, losses)),
        Block::Quote(inside) => Block::Quote(blocks(inside, losses)),
        Block::Panel { kind, blocks } => {
            losses.note(LossKind::Form);
            return block(lower::panel_as_quote(kind, blocks), losses);
        }
        Block::Table(table) => Block::Table(self::table(table, losses)),
        Block::Media(media) => self::media(media, losses),
        Block::Opaque(opaque) => return self::opaque(opaque, losses),
        leaf @ (Block::Code { .. } | Block::Rule) => leaf,
    }]
}

fn list(list: List, losses: &mut Losses) -> List {
    let start = list.start.map(|first| {
        if first > NUMBER_MAX {
            losses.note(LossKind::Number);
        }
        first.min(NUMBER_MAX)
    });
    let items = list.items.into_iter().map(|item| self::item(item, losses));
    List {
        start,
        items: items.collect(),
    }
}

/// A task's box, which trackers take out of a text, is a character.
fn item(item: ListItem, losses: &mut Losses) -> ListItem {
    if item.task.is_some() {
        losses.note(LossKind::Task);
    }
    ListItem {
        task: None,
        blocks: blocks(lower::task_as_text(item), losses),
    }
}

fn table(table: Table, losses: &mut Losses) -> Table {
    let mut row = |cells: Vec<Cell>| -> Vec<Cell> {
        let cells = cells.into_iter();
        cells.map(|cell| blocks(cell, losses)).collect()
    };
    Table {
        alignments: table.alignments,
        header: table.header.map(&mut row),
        rows: table.rows.into_iter().map(&mut row).collect(),
    }
}

fn media(media: Media, losses: &mut Losses) -> Block {
    if media.id.is_some() {
        losses.note(LossKind::Image);
    }
    let Some(url) = media.url.clone().filter(|url| !url.is_empty()) else {
        losses.note(LossKind::Image);
        let label = vec![Inline::text(media.label())];
        return Block::Paragraph(lower_line::line(label, losses));
    };
    let pixels = |size: Option<u32>| size.filter(|pixels| *pixels > 0);
    Block::Media(Media {
        url: Some(url),
        id: None,
        collection: None,
        width: pixels(media.width),
        height: pixels(media.height),
        ..media
    })
}

/// An element of our own kind goes back as it came, if it still is one that only its tracker understands.
fn opaque(opaque: Opaque, losses: &mut Losses) -> Vec<Block> {
    if opaque.format == Format::Html {
        let read = decode::document(&opaque.raw).blocks;
        if matches!(&read[..], [Block::Opaque(read)] if read.raw == opaque.raw) {
            return read;
        }
    }
    losses.note(LossKind::Opaque);
    blocks(opaque.shown, losses)
}
