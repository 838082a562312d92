//! Blocks made into what Textile can hold.

use super::rip::{self, has_tag, is_language};
use super::{decode, lower_line, url};
use crate::richtext::inline::{Inline, OpaqueInline};
use crate::richtext::loss::{LossKind, LossReport, Losses};
use crate::richtext::lower;
use crate::richtext::model::{
    Block, Cell, Document, Format, List, ListItem, Media, Opaque, Row, Table,
};

/// The document that Textile can hold.
pub(super) fn document(document: &Document) -> (Document, LossReport) {
    lower::document(document, block)
}

fn blocks(blocks: Vec<Block>, losses: &mut Losses) -> Vec<Block> {
    let lowered = blocks.into_iter().flat_map(|one| block(one, losses));
    lowered.collect()
}

fn block(block: Block, losses: &mut Losses) -> Vec<Block> {
    let lowered = match block {
        Block::Paragraph(content) => return paragraph(content, losses),
        Block::Heading { level, content } => Block::Heading {
            level,
            content: lower_line::line(content, false, losses),
        },
        Block::List(list) => Block::List(self::list(list, losses)),
        Block::Quote(inside) => Block::Quote(blocks(inside, losses)),
        Block::Panel { kind, blocks } => {
            losses.note(LossKind::Form);
            let quoted = lower::panel_as_quote(kind, blocks);
            return self::block(quoted, losses);
        }
        Block::Table(table) => Block::Table(self::table(table, losses)),
        Block::Code { language, text } => return code(language, text, losses),
        Block::Rule => Block::Rule,
        Block::Media(media) => return self::media(media, losses),
        Block::Opaque(opaque) => return self::opaque(opaque, losses),
    };
    match &lowered {
        Block::List(list) if list.items.is_empty() => Vec::new(),
        Block::Quote(blocks) if blocks.is_empty() => Vec::new(),
        _ => vec![lowered],
    }
}

/// A paragraph that shows nothing is none. What stands alone in one may be a block.
fn paragraph(content: Vec<Inline>, losses: &mut Losses) -> Vec<Block> {
    let line = lower_line::line(content, false, losses);
    match &line[..] {
        [] => Vec::new(),
        [Inline::Opaque(opaque)] => decode::document(&opaque.raw).blocks,
        _ => vec![Block::Paragraph(line)],
    }
}

fn code(language: Option<String>, text: String, losses: &mut Losses) -> Vec<Block> {
    if has_tag(&text) {
        losses.note(LossKind::Form);
        return paragraph(vec![Inline::text(text)], losses);
    }
    let named = language.as_deref().filter(|name| !is_language(name));
    let Some(name) = named else {
        return vec![Block::Code { language, text }];
    };
    losses.note(LossKind::Form);
    let fits = |c: char| is_language(c.encode_utf8(&mut [0; 4]));
    let first = &name[..name.find(|c| !fits(c)).unwrap_or(name.len())];
    let language = Some(first.to_owned()).filter(|name| !name.is_empty());
    vec![Block::Code { language, text }]
}

/// A list of items that hold lines, code and then lists. What stands behind a list makes an item of its own.
fn list(list: List, losses: &mut Losses) -> List {
    if list.start.is_some_and(|first| first != 1) {
        losses.note(LossKind::Number);
    }
    let mut items: Vec<ListItem> = Vec::new();
    for item in list.items {
        if item.task.is_some() {
            losses.note(LossKind::Task);
        }
        let mut content = Content::default();
        for block in lower::task_as_text(item) {
            content.add(block, losses);
        }
        items.extend(content.items());
    }
    List {
        start: list.start.map(|_| 1),
        items,
    }
}

/// What stands in an item, which may become several.
#[derive(Default)]
struct Content {
    done: Vec<ListItem>,
    own: Vec<Block>,
    lists: Vec<List>,
}

impl Content {
    fn items(mut self) -> Vec<ListItem> {
        self.finish();
        self.done
    }

    fn finish(&mut self) {
        let mut blocks: Vec<Block> = Vec::new();
        for block in std::mem::take(&mut self.own) {
            blocks.extend(settled(block));
        }
        let lists = std::mem::take(&mut self.lists);
        blocks.extend(lists.into_iter().map(Block::List));
        self.done.push(ListItem { task: None, blocks });
    }

    fn add(&mut self, block: Block, losses: &mut Losses) {
        match block {
            Block::List(list) => self.list(self::list(list, losses), losses),
            Block::Quote(inside) | Block::Panel { blocks: inside, .. } => {
                losses.note(LossKind::Nesting);
                inside.into_iter().for_each(|block| self.add(block, losses));
            }
            Block::Paragraph(content) => {
                let line = lower_line::line(content, false, losses);
                self.line(line, losses);
            }
            Block::Heading { .. } | Block::Table(_) | Block::Rule => {
                losses.note(LossKind::Nesting);
                let line = lower_line::line(lower::flat(vec![block]), false, losses);
                self.line(line, losses);
            }
            Block::Code { language, text } => {
                for block in code(language, text, losses) {
                    self.block(block, losses);
                }
            }
            Block::Media(media) => {
                for block in self::media(media, losses) {
                    self.block(block, losses);
                }
            }
            Block::Opaque(opaque) => self.opaque(opaque, losses),
        }
    }

    fn opaque(&mut self, opaque: Opaque, losses: &mut Losses) {
        match kept_in_item(&opaque) {
            Some(kept) if rip::tag(&opaque.raw).is_some() => self.own(kept, losses),
            // In a line it would be one with what stands beside it.
            Some(_) => {
                let inline = Inline::Opaque(OpaqueInline {
                    format: opaque.format,
                    raw: opaque.raw,
                    shown: lower::flat(opaque.shown),
                });
                let line = lower_line::line(vec![inline], false, losses);
                self.line(line, losses);
            }
            None => {
                losses.note(LossKind::Opaque);
                let shown = opaque.shown.into_iter();
                shown.for_each(|block| self.add(block, losses));
            }
        }
    }

    /// Adds a lowered block that is no list.
    fn block(&mut self, block: Block, losses: &mut Losses) {
        match block {
            Block::Paragraph(line) => self.line(line, losses),
            // Below a line or another picture it is read as one with it.
            Block::Media(media)
                if self.lists.is_empty()
                    && matches!(self.own.last(), Some(Block::Paragraph(_) | Block::Media(_))) =>
            {
                self.line(vec![Inline::Image(media.into_image())], losses);
            }
            other => self.own(other, losses),
        }
    }

    fn own(&mut self, block: Block, losses: &mut Losses) {
        if !self.lists.is_empty() {
            losses.note(LossKind::Nesting);
            self.finish();
        }
        self.own.push(block);
    }

    /// Adds a line, below the line before it.
    fn line(&mut self, line: Vec<Inline>, losses: &mut Losses) {
        if line.is_empty() {
            return;
        }
        if !self.lists.is_empty() {
            return self.own(Block::Paragraph(line), losses);
        }
        match self.own.pop() {
            Some(Block::Paragraph(mut before)) => {
                losses.note(LossKind::Nesting);
                lower::push_line(&mut before, line);
                self.own.push(Block::Paragraph(before));
            }
            Some(Block::Media(media)) => {
                losses.note(LossKind::Nesting);
                let mut before = vec![Inline::Image(media.into_image())];
                lower::push_line(&mut before, line);
                self.own.push(Block::Paragraph(before));
            }
            before => {
                self.own.extend(before);
                self.own.push(Block::Paragraph(line));
            }
        }
    }

    /// Lists of one kind side by side would be one.
    fn list(&mut self, list: List, losses: &mut Losses) {
        if list.items.is_empty() {
            return;
        }
        match self.lists.last_mut() {
            Some(last) if last.start == list.start => {
                losses.note(LossKind::Nesting);
                last.items.extend(list.items);
            }
            _ => self.lists.push(list),
        }
    }
}

/// A lowered block; what stands alone in a paragraph may be a block.
fn settled(block: Block) -> Vec<Block> {
    match block {
        Block::Paragraph(line) => match &line[..] {
            [Inline::Opaque(opaque)] => decode::document(&opaque.raw).blocks,
            _ => vec![Block::Paragraph(line)],
        },
        other => vec![other],
    }
}

/// A block of our own kind that is read as itself in an item.
fn kept_in_item(opaque: &Opaque) -> Option<Block> {
    let read = decode::document(&format!("* {}", opaque.raw)).blocks;
    let [Block::List(list)] = &read[..] else {
        return None;
    };
    let [item] = &list.items[..] else {
        return None;
    };
    match &item.blocks[..] {
        [Block::Opaque(read)] if read.raw == opaque.raw => Some(Block::Opaque(read.clone())),
        _ => None,
    }
}

fn table(table: Table, losses: &mut Losses) -> Table {
    let mut row = |cells: Row| -> Row {
        let cells = cells.into_iter();
        cells.map(|cell| self::cell(cell, losses)).collect()
    };
    Table {
        alignments: table.alignments,
        header: table.header.map(&mut row),
        rows: table.rows.into_iter().map(&mut row).collect(),
    }
}

fn cell(cell: Cell, losses: &mut Losses) -> Cell {
    let simple = matches!(
        &cell[..],
        [] | [Block::Paragraph(_)] | [Block::Media(Media { url: Some(_), .. })]
    );
    if !simple {
        losses.note(LossKind::Nesting);
    }
    let line = lower_line::line(lower::flat(cell), true, losses);
    if line.is_empty() {
        return Vec::new();
    }
    vec![Block::Paragraph(line)]
}

fn media(media: Media, losses: &mut Losses) -> Vec<Block> {
    if media.id.is_some() || media.title.is_some() {
        losses.note(LossKind::Image);
    }
    let url = media.url.as_deref().and_then(url::picture);
    let Some(url) = url else {
        losses.note(LossKind::Image);
        return paragraph(vec![Inline::text(media.label())], losses);
    };
    let pixels = |size: Option<u32>| size.filter(|pixels| *pixels > 0);
    vec![Block::Media(Media {
        alt: lower_line::alternative(&media.alt, false, losses),
        url: Some(url),
        width: pixels(media.width),
        height: pixels(media.height),
        ..Media::default()
    })]
}

/// A block of our own kind goes back as it came, if it still is one that only Redmine understands.
fn opaque(opaque: Opaque, losses: &mut Losses) -> Vec<Block> {
    if opaque.format == Format::Textile {
        let read = decode::document(&format!("{}\n\nx", opaque.raw)).blocks;
        if let [Block::Opaque(read), Block::Paragraph(after)] = &read[..]
            && read.raw == opaque.raw
            && after[..] == [Inline::text("x")]
        {
            return vec![Block::Opaque(read.clone())];
        }
    }
    losses.note(LossKind::Opaque);
    blocks(opaque.shown, losses)
}
