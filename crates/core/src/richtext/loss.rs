//! What a notation cannot show of a document.

use serde::{Deserialize, Serialize};
use std::fmt;

/// At most this many losses are listed for one document; the rest is counted.
pub const MAX_LOSSES: usize = 1_000;

/// The losses of one encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossReport {
    /// The losses by place, each kind once per block, at most [`MAX_LOSSES`].
    pub losses: Vec<Loss>,
    /// How many more there were.
    pub more: usize,
}

/// One loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Loss {
    /// The position, from 0, of the document's block in which it is.
    pub block: usize,
    /// What is lost.
    pub what: LossKind,
}

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// Control characters, which trackers reject.
    ControlCharacters,
    /// The colour of a text or behind it.
    Colour,
    /// A text's other look: bold, underline, code and so on.
    Mark,
    /// A link or its title.
    Link,
    /// A call to a person: the name is there as text.
    Mention,
    /// An emoji of the tracker's own: its name is there as text.
    Emoji,
    /// A picture: its text or a link is there.
    Image,
    /// What another tracker's node says beyond its shown form.
    Opaque,
    /// A line break in a place that has one line.
    Break,
    /// That a list item is a task: a box is there as text.
    Task,
    /// A list's or heading's number.
    Number,
    /// A block in a place that cannot hold it: its content is there without its form.
    Nesting,
    /// Alignment of table columns.
    Alignment,
    /// The form of a block: heading, list, table, panel and so on.
    Form,
}

impl LossReport {
    /// Whether nothing is lost.
    pub fn is_empty(&self) -> bool {
        self.losses.is_empty()
    }
}

impl fmt::Display for LossKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlCharacters => "control characters",
            Self::Colour => "colour",
            Self::Mark => "look of a text",
            Self::Link => "link",
            Self::Mention => "mention",
            Self::Emoji => "emoji",
            Self::Image => "picture",
            Self::Opaque => "a node of the other tracker",
            Self::Break => "line break",
            Self::Task => "task box",
            Self::Number => "number",
            Self::Nesting => "nesting of blocks",
            Self::Alignment => "alignment of a table",
            Self::Form => "form of a block",
        })
    }
}

/// Collects losses while a document is lowered, block by block.
#[derive(Debug, Default)]
pub(super) struct Losses {
    block: usize,
    report: LossReport,
}

impl Losses {
    /// Says which of the document's blocks the next losses belong to. Positions must not decrease.
    pub(super) fn enter(&mut self, block: usize) {
        self.block = block;
    }

    /// Notes a loss.
    pub(super) fn note(&mut self, what: LossKind) {
        let loss = Loss {
            block: self.block,
            what,
        };
        let same_block = self.report.losses.iter().rev();
        if same_block
            .take_while(|known| known.block == self.block)
            .any(|known| *known == loss)
        {
            return;
        }
        if self.report.losses.len() < MAX_LOSSES {
            self.report.losses.push(loss);
        } else {
            self.report.more += 1;
        }
    }

    /// Notes the control characters of a text, if it has any.
    pub(super) fn note_controls(&mut self, text: &str) {
        if text.chars().any(super::canonical::is_rejected) {
            self.note(LossKind::ControlCharacters);
        }
    }

    pub(super) fn into_report(self) -> LossReport {
        self.report
    }
}
