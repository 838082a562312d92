//! Trees that were built by hand deeper than canonical form allows, before anything walks them.
//!
//! What decoders and deserialisation give is within [`MAX_DEPTH`]; the fields of the tree are open, so a caller's own need
//! not be. Every function of this module's users that recurses looks here first. Nothing here recurses beyond the limit.

use super::inline::{Inline, OpaqueInline};
use super::model::{Block, List, ListItem, MAX_DEPTH, Opaque, Table};
use std::borrow::Cow;

/// The blocks as they are where they keep to the limit; else a copy in which deeper ones are lifted into the block there.
pub(super) fn shallow(blocks: &[Block]) -> Cow<'_, [Block]> {
    if keeps_to_limit(blocks) {
        Cow::Borrowed(blocks)
    } else {
        Cow::Owned(copied(blocks, 0))
    }
}

/// Whether blocks, and what lines hold, nest no deeper than canonical form, where an opaque node may stand in the last
/// container.
fn keeps_to_limit(blocks: &[Block]) -> bool {
    let mut open = vec![(blocks, 0)];
    while let Some((blocks, depth)) = open.pop() {
        if depth > MAX_DEPTH + 1 {
            return false;
        }
        for block in blocks {
            let line = match block {
                Block::Paragraph(content) | Block::Heading { content, .. } => content,
                _ => &[][..],
            };
            if line
                .iter()
                .any(|inline| matches!(inline, Inline::Opaque(opaque) if has_opaque(opaque)))
            {
                return false;
            }
            open.extend(inside(block).into_iter().map(|blocks| (blocks, depth + 1)));
        }
    }
    true
}

fn has_opaque(opaque: &OpaqueInline) -> bool {
    let mut shown = opaque.shown.iter();
    shown.any(|inline| matches!(inline, Inline::Opaque(_)))
}

/// What stands in a block.
fn inside(block: &Block) -> Vec<&[Block]> {
    match block {
        Block::List(list) => list.items.iter().map(|item| &*item.blocks).collect(),
        Block::Quote(blocks) | Block::Panel { blocks, .. } => vec![blocks],
        Block::Table(table) => {
            let rows = table.header.iter().chain(&table.rows);
            rows.flatten().map(Vec::as_slice).collect()
        }
        Block::Opaque(opaque) => vec![&opaque.shown],
        _ => Vec::new(),
    }
}

/// A copy of blocks that stand in `depth` containers. Lifts with a stack of its own, as canonical form does.
fn copied(blocks: &[Block], depth: usize) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    let mut open: Vec<&Block> = blocks.iter().rev().collect();
    while let Some(block) = open.pop() {
        let limit = MAX_DEPTH + usize::from(matches!(block, Block::Opaque(_)));
        let inside = inside(block);
        if depth >= limit && !inside.is_empty() {
            open.extend(inside.into_iter().flatten().rev());
        } else {
            out.push(copy(block, depth + 1));
        }
    }
    out
}

/// A copy of one block whose content stands in `depth` containers.
fn copy(block: &Block, depth: usize) -> Block {
    let cells = |row: &Vec<Vec<Block>>| row.iter().map(|cell| copied(cell, depth)).collect();
    match block {
        Block::Paragraph(content) => Block::Paragraph(line(content)),
        Block::Heading { level, content } => Block::Heading {
            level: *level,
            content: line(content),
        },
        Block::List(List { start, items }) => {
            let items = items.iter().map(|item| ListItem {
                task: item.task,
                blocks: copied(&item.blocks, depth),
            });
            Block::List(List {
                start: *start,
                items: items.collect(),
            })
        }
        Block::Quote(blocks) => Block::Quote(copied(blocks, depth)),
        Block::Panel { kind, blocks } => Block::Panel {
            kind: *kind,
            blocks: copied(blocks, depth),
        },
        Block::Table(table) => Block::Table(Table {
            alignments: table.alignments.clone(),
            header: table.header.as_ref().map(cells),
            rows: table.rows.iter().map(cells).collect(),
        }),
        Block::Opaque(Opaque { format, raw, shown }) => Block::Opaque(Opaque {
            format: *format,
            raw: raw.clone(),
            shown: copied(shown, depth),
        }),
        Block::Code { .. } | Block::Rule | Block::Media(_) => block.clone(),
    }
}

/// A copy of a line in which nothing that an opaque node shows is opaque.
fn line(content: &[Inline]) -> Vec<Inline> {
    let copy = |inline: &Inline| match inline {
        Inline::Opaque(opaque) => Inline::Opaque(OpaqueInline {
            format: opaque.format,
            raw: opaque.raw.clone(),
            shown: shown(&opaque.shown),
        }),
        inline => inline.clone(),
    };
    content.iter().map(copy).collect()
}

fn shown(content: &[Inline]) -> Vec<Inline> {
    let mut out = Vec::with_capacity(content.len());
    let mut open: Vec<&Inline> = content.iter().rev().collect();
    while let Some(inline) = open.pop() {
        match inline {
            Inline::Opaque(opaque) => open.extend(opaque.shown.iter().rev()),
            inline => out.push(inline.clone()),
        }
    }
    out
}

#[cfg(test)]
#[path = "shallow_tests.rs"]
mod tests;
