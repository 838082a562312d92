//! Plain text, for fields and trackers that have no form at all.

use super::inline::Inline;
use super::loss::{LossKind, LossReport, Losses};
use super::lower;
use super::model::{Block, Document};

/// Reads a plain text: an empty line ends a paragraph, a line feed is a line break.
pub fn decode(text: &str) -> Document {
    Document::from_plain(text)
}

/// Writes a document's text, with signs for list items and a rule, and what is lost. Never two empty lines in a row.
pub fn encode(document: &Document) -> (String, LossReport) {
    let document = document.shallow();
    let (document, losses) = lower::document(&document, |block, losses| {
        note_losses(&block, losses);
        let text = trim_lines(&block.plain());
        Document::from_plain(&text).blocks
    });
    (document.plain(), losses)
}

/// Without spaces at the ends of lines, so that an empty line is one.
fn trim_lines(text: &str) -> String {
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

fn note_losses(block: &Block, losses: &mut Losses) {
    let Block::Paragraph(content) = block else {
        losses.note(match block {
            Block::Media(_) => LossKind::Image,
            Block::Opaque(_) => LossKind::Opaque,
            _ => LossKind::Form,
        });
        return;
    };
    for inline in content {
        match inline {
            Inline::Text { marks, .. } if marks.link.is_some() => losses.note(LossKind::Link),
            Inline::Text { marks, .. } if !marks.is_plain() => losses.note(LossKind::Mark),
            Inline::Text { .. } | Inline::Break => {}
            Inline::Mention(_) => losses.note(LossKind::Mention),
            Inline::Emoji(emoji) if emoji.id.is_some() => losses.note(LossKind::Emoji),
            Inline::Emoji(_) => {}
            Inline::Image(_) => losses.note(LossKind::Image),
            Inline::Opaque(_) => losses.note(LossKind::Opaque),
        }
    }
}
