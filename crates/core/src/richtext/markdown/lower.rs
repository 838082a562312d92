//! Blocks made into what Markdown can hold.

use super::decode;
use super::lower_line::{self, Place};
use crate::richtext::inline::Inline;
use crate::richtext::loss::{LossKind, LossReport, Losses};
use crate::richtext::lower;
use crate::richtext::model::{Block, Cell, Document, Format, List, ListItem, Media, Opaque, Table};

/// The greatest number that CommonMark reads at the start of a list item.
const MAX_NUMBER: u64 = 999_999_999;

/// The document that Markdown can hold.
pub(super) fn document(document: &Document) -> (Document, LossReport) {
    lower::document(document, |block, losses| {
        let mut lowering = Lowering { losses, depth: 0 };
        lowering.blocks(vec![block])
    })
}

struct Lowering<'a> {
    losses: &'a mut Losses,
    /// In how many containers we are.
    depth: usize,
}

impl Lowering<'_> {
    fn blocks(&mut self, blocks: Vec<Block>) -> Vec<Block> {
        blocks
            .into_iter()
            .flat_map(|block| self.block(block))
            .collect()
    }

    fn inside(&mut self, blocks: Vec<Block>) -> Vec<Block> {
        self.depth += 1;
        let blocks = self.blocks(blocks);
        self.depth -= 1;
        blocks
    }

    fn block(&mut self, block: Block) -> Vec<Block> {
        let lowered = match block {
            Block::Paragraph(content) => return self.paragraph(content),
            Block::Heading { level, content } => Block::Heading {
                level,
                content: self.line(content, Place::Heading),
            },
            Block::List(list) => Block::List(self.list(list)),
            Block::Quote(blocks) => Block::Quote(self.inside(blocks)),
            Block::Panel { kind, blocks } => Block::Panel {
                kind,
                blocks: self.inside(blocks),
            },
            Block::Table(table) => Block::Table(self.table(table)),
            Block::Media(media) => return self.media(media),
            Block::Opaque(opaque) => return self.opaque(opaque),
            leaf @ (Block::Code { .. } | Block::Rule) => leaf,
        };
        // A container that lost all it had is gone too, so that its own container knows.
        match &lowered {
            Block::List(list) if list.items.is_empty() => Vec::new(),
            Block::Quote(blocks) | Block::Panel { blocks, .. } if blocks.is_empty() => Vec::new(),
            _ => vec![lowered],
        }
    }

    fn paragraph(&mut self, content: Vec<Inline>) -> Vec<Block> {
        let content = self.line(content, Place::Paragraph);
        let shows = !content.is_empty();
        shows
            .then_some(Block::Paragraph(content))
            .into_iter()
            .collect()
    }

    fn line(&mut self, content: Vec<Inline>, place: Place) -> Vec<Inline> {
        lower_line::line(content, place, self.losses)
    }

    fn list(&mut self, list: List) -> List {
        let start = list.start.map(|first| {
            if first > MAX_NUMBER {
                self.losses.note(LossKind::Number);
            }
            first.min(MAX_NUMBER)
        });
        let items = list.items.into_iter().map(|item| self.item(item));
        let mut items: Vec<ListItem> = items.collect();
        // The parser ends every list around a nested list that ends with an empty item.
        while self.depth > 0 && items.last().is_some_and(|item| item.blocks.is_empty()) {
            self.losses.note(LossKind::Form);
            items.pop();
        }
        List { start, items }
    }

    /// A task's box stands before the text of its first paragraph; a task that has none gets the box as text.
    fn item(&mut self, item: ListItem) -> ListItem {
        let mut blocks = self.inside(item.blocks);
        let mut task = item.task;
        let fits = matches!(blocks.first(), Some(Block::Paragraph(_)));
        if let Some(done) = item.task.filter(|_| !fits) {
            self.losses.note(LossKind::Task);
            blocks.insert(0, Block::paragraph(if done { "☑" } else { "☐" }));
            task = None;
        }
        ListItem { task, blocks }
    }

    fn table(&mut self, table: Table) -> Table {
        let mut row = |cells: Vec<Cell>| cells.into_iter().map(|cell| self.cell(cell)).collect();
        let header: Option<Vec<Cell>> = table.header.map(&mut row);
        let rows = table.rows.into_iter().map(&mut row).collect();
        Table {
            alignments: table.alignments,
            header: header.filter(|cells| !cells.iter().all(Vec::is_empty)),
            rows,
        }
    }

    fn cell(&mut self, cell: Cell) -> Cell {
        let simple = matches!(
            &cell[..],
            [] | [Block::Paragraph(_)] | [Block::Media(Media { url: Some(_), .. })]
        );
        if !simple {
            self.losses.note(LossKind::Nesting);
        }
        let line = self.line(lower::flat(cell), Place::Cell);
        if line.is_empty() {
            return Vec::new();
        }
        vec![Block::Paragraph(line)]
    }

    fn media(&mut self, media: Media) -> Vec<Block> {
        if media.id.is_some() || media.width.is_some() || media.height.is_some() {
            self.losses.note(LossKind::Image);
        }
        let inline = match media.url {
            Some(_) => Inline::Image(media.into_image()),
            None => {
                self.losses.note(LossKind::Image);
                Inline::text(media.label())
            }
        };
        self.paragraph(vec![inline])
    }

    fn opaque(&mut self, opaque: Opaque) -> Vec<Block> {
        if let Some(html) = stands_alone(&opaque) {
            return vec![html];
        }
        self.losses.note(LossKind::Opaque);
        self.blocks(opaque.shown)
    }
}

/// HTML that is read as one block of its own, whatever follows, as it is read.
fn stands_alone(opaque: &Opaque) -> Option<Block> {
    if opaque.format != Format::MarkdownHtml {
        return None;
    }
    let mut blocks = decode::document(&format!("{}\n\nx", opaque.raw)).blocks;
    let after = blocks.pop()?;
    match &blocks[..] {
        [Block::Opaque(read)] if read.raw == opaque.raw && after == Block::paragraph("x") => {
            blocks.pop()
        }
        _ => None,
    }
}
