//! Blocks made into what ADF can hold.

use super::lower_line::line;
use super::schema::{self, Place};
use super::{decode, node};
use crate::richtext::inline::{Inline, Marks};
use crate::richtext::loss::{LossKind, LossReport, Losses};
use crate::richtext::lower;
use crate::richtext::model::{
    Alignment, Block, Document, Format, List, ListItem, Media, Opaque, Table,
};
use serde_json::Value;

/// The document that ADF can hold.
pub(super) fn document(document: &Document) -> (Document, LossReport) {
    lower::document(document, |block, losses| {
        block_in(block, Place::Document, losses)
    })
}

fn blocks_in(blocks: Vec<Block>, place: Place, losses: &mut Losses) -> Vec<Block> {
    blocks
        .into_iter()
        .flat_map(|block| block_in(block, place, losses))
        .collect()
}

fn block_in(block: Block, place: Place, losses: &mut Losses) -> Vec<Block> {
    vec![match block {
        Block::Paragraph(content) => Block::Paragraph(line(content, losses)),
        Block::Heading { level, content } => {
            if schema::fits("heading", place) {
                let content = line(content, losses);
                Block::Heading { level, content }
            } else {
                losses.note(LossKind::Form);
                Block::Paragraph(line(bold(content), losses))
            }
        }
        Block::List(list) => Block::List(list_in(list, place, losses)),
        Block::Quote(blocks) => {
            if !schema::fits("blockquote", place) {
                losses.note(LossKind::Nesting);
                return blocks_in(blocks, place, losses);
            }
            Block::Quote(blocks_in(blocks, Place::Quote, losses))
        }
        Block::Panel { kind, blocks } => {
            if !schema::fits("panel", place) {
                losses.note(LossKind::Nesting);
                return blocks_in(blocks, place, losses);
            }
            let blocks = blocks_in(blocks, Place::Panel, losses);
            Block::Panel { kind, blocks }
        }
        Block::Table(table) => {
            if !schema::fits("table", place) {
                losses.note(LossKind::Nesting);
                return vec![Block::paragraph(Block::Table(table).plain())];
            }
            Block::Table(lower_table(table, losses))
        }
        Block::Rule if !schema::fits("rule", place) => {
            losses.note(LossKind::Nesting);
            return Vec::new();
        }
        Block::Media(media) => lower_media(media, losses),
        Block::Opaque(opaque) => return lower_opaque(opaque, place, losses),
        leaf @ (Block::Code { .. } | Block::Rule) => leaf,
    }]
}

fn bold(content: Vec<Inline>) -> Vec<Inline> {
    let bolder = |inline| match inline {
        Inline::Text { text, marks } => {
            let marks = Marks {
                bold: !marks.code,
                ..marks
            };
            Inline::Text { text, marks }
        }
        other => other,
    };
    content.into_iter().map(bolder).collect()
}

fn list_in(list: List, place: Place, losses: &mut Losses) -> List {
    let tasks = is_task_list(&list) && schema::fits("taskList", place);
    let items = list.items.into_iter().map(|item| {
        if !tasks {
            return plain_item(item, losses);
        }
        task_item(item, losses)
    });
    List {
        start: list.start,
        items: items.collect(),
    }
}

/// A task, whose line and nested list are read back without an empty paragraph between or before them.
fn task_item(item: ListItem, losses: &mut Losses) -> ListItem {
    let mut blocks = blocks_in(item.blocks, Place::ListItem, losses);
    if matches!(blocks.first(), Some(Block::Paragraph(content)) if content.is_empty()) {
        blocks.remove(0);
    }
    ListItem {
        task: item.task,
        blocks,
    }
}

/// Whether a list can be an ADF task list: all its items are tasks of one line, with task lists in them at most.
pub(super) fn is_task_list(list: &List) -> bool {
    let fits = |item: &ListItem| {
        let nested = match &item.blocks[..] {
            [Block::Paragraph(_), nested @ ..] => nested,
            all => all,
        };
        item.task.is_some()
            && nested.len() <= 1
            && nested
                .iter()
                .all(|block| matches!(block, Block::List(list) if is_task_list(list)))
    };
    list.start.is_none() && list.items.iter().all(fits)
}

/// An ordinary list item, which begins with a paragraph, picture or code; a task's box is text.
fn plain_item(item: ListItem, losses: &mut Losses) -> ListItem {
    let mut blocks = blocks_in(item.blocks, Place::ListItem, losses);
    let begins = matches!(
        blocks.first(),
        None | Some(Block::Paragraph(_) | Block::Media(_) | Block::Code { .. })
    );
    if !begins {
        blocks.insert(0, Block::Paragraph(Vec::new()));
    }
    if let Some(done) = item.task {
        losses.note(LossKind::Task);
        let mark = Inline::text(if done { "☑ " } else { "☐ " });
        match blocks.first_mut() {
            Some(Block::Paragraph(content)) => content.insert(0, mark),
            _ => blocks.insert(0, Block::Paragraph(vec![mark])),
        }
    }
    ListItem { task: None, blocks }
}

fn lower_table(table: Table, losses: &mut Losses) -> Table {
    if table
        .alignments
        .iter()
        .any(|alignment| *alignment != Alignment::None)
    {
        losses.note(LossKind::Alignment);
    }
    let mut row = |cells: Vec<Vec<Block>>| {
        let cells = cells.into_iter();
        cells
            .map(|cell| blocks_in(cell, Place::Cell, losses))
            .collect()
    };
    Table {
        alignments: Vec::new(),
        header: table.header.map(&mut row),
        rows: table.rows.into_iter().map(&mut row).collect(),
    }
}

fn lower_media(media: Media, losses: &mut Losses) -> Block {
    let id = media.id.clone().filter(|id| !id.is_empty());
    let url = media.url.clone().filter(|url| !url.is_empty());
    if media.title.is_some() || (id.is_some() && url.is_some()) {
        losses.note(LossKind::Image);
    }
    match (id, url) {
        (None, None) => {
            losses.note(LossKind::Image);
            Block::paragraph(media.alt)
        }
        (None, url) => Block::Media(Media {
            url,
            id: None,
            collection: None,
            title: None,
            ..media
        }),
        (id, _) => Block::Media(Media {
            url: None,
            id,
            collection: Some(media.collection.unwrap_or_default()),
            title: None,
            ..media
        }),
    }
}

/// An ADF node goes back as it came, where it may stand and still is one that only ADF understands.
fn lower_opaque(opaque: Opaque, place: Place, losses: &mut Losses) -> Vec<Block> {
    if opaque.format == Format::Adf
        && let Ok(value) = serde_json::from_str::<Value>(&opaque.raw)
        && schema::fits(node::kind(&value), place)
    {
        let read = decode::block(&value);
        if matches!(&read[..], [Block::Opaque(read)] if read.raw == opaque.raw) {
            return read;
        }
    }
    losses.note(LossKind::Opaque);
    blocks_in(opaque.shown, place, losses)
}
