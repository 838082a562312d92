//! What the codecs' lowering steps have in common.

use super::canonical;
use super::inline::{Emoji, Inline, Marks, Mention};
use super::loss::{LossKind, LossReport, Losses};
use super::model::{Block, Document, ListItem, PanelKind};

/// Lowers a document block by block: each is made canonical, given to `lower`, and the whole made canonical again.
pub(super) fn document(
    document: &Document,
    mut lower: impl FnMut(Block, &mut Losses) -> Vec<Block>,
) -> (Document, LossReport) {
    let mut losses = Losses::default();
    let mut blocks = Vec::with_capacity(document.blocks.len());
    for (position, block) in document.blocks.iter().enumerate() {
        losses.enter(position);
        losses.note_controls(&block.plain());
        for block in canonical::canonical_blocks(vec![block.clone()], 0) {
            blocks.extend(lower(block, &mut losses));
        }
    }
    (Document { blocks }.normalised(), losses.into_report())
}

/// A task's box as a character before its text, where a notation has no boxes.
pub(super) fn task_as_text(item: ListItem) -> Vec<Block> {
    let mut inside = item.blocks;
    if let Some(done) = item.task {
        let mark = if done { "☑" } else { "☐" };
        match inside.first_mut() {
            Some(Block::Paragraph(content)) => content.insert(0, Inline::text(format!("{mark} "))),
            _ => inside.insert(0, Block::paragraph(mark)),
        }
    }
    inside
}

/// A panel as a quotation that says by a bold word what it is.
pub(super) fn panel_as_quote(kind: PanelKind, inside: Vec<Block>) -> Block {
    let name = match kind {
        PanelKind::Info => "Info",
        PanelKind::Note => "Note",
        PanelKind::Success => "Success",
        PanelKind::Warning => "Warning",
        PanelKind::Error => "Error",
    };
    let bold = Marks {
        bold: true,
        ..Marks::default()
    };
    let mut quoted = vec![Block::Paragraph(vec![Inline::marked(name, bold)])];
    quoted.extend(inside);
    Block::Quote(quoted)
}

/// A mention as text: the name after an `@`.
pub(super) fn mention_text(mention: &Mention, losses: &mut Losses) -> Inline {
    losses.note(LossKind::Mention);
    Inline::text(format!("@{}", mention.label))
}

/// An emoji as text: its character, else its name.
pub(super) fn emoji_text(emoji: &Emoji, losses: &mut Losses) -> Inline {
    let named_only = emoji
        .text
        .as_ref()
        .is_none_or(|text| *text == emoji.short_name);
    if named_only && emoji.id.is_some() {
        losses.note(LossKind::Emoji);
    }
    Inline::text(emoji.shown())
}

/// Appends a line, after a break if something stands before it.
pub(super) fn push_line(out: &mut Vec<Inline>, line: Vec<Inline>) {
    if !out.is_empty() && !line.is_empty() {
        out.push(Inline::Break);
    }
    out.extend(line);
}

/// The content of blocks as lines, without their form.
pub(super) fn flat(blocks: Vec<Block>) -> Vec<Inline> {
    let mut out = Vec::new();
    for block in blocks {
        let line = match block {
            Block::Paragraph(content) | Block::Heading { content, .. } => content,
            Block::Media(media) if media.url.is_some() => {
                vec![Inline::Image(media.into_image())]
            }
            Block::Code { text, .. } => code_lines(&text),
            Block::Quote(blocks) | Block::Panel { blocks, .. } => flat(blocks),
            other => vec![Inline::text(other.plain())],
        };
        push_line(&mut out, line);
    }
    canonical::canonical_inlines(out)
}

fn code_lines(text: &str) -> Vec<Inline> {
    let marks = Marks {
        code: true,
        ..Marks::default()
    };
    vec![Inline::marked(text, marks)]
}
