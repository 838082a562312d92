//! The tree.

use serde::{Deserialize, Serialize};

/// A rich text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Document {
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
}

/// A block: a paragraph, for now.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A paragraph.
    Paragraph(Vec<Inline>),
}

/// A run of text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inline {
    /// Plain text.
    Text(String),
}

impl Document {
    /// Whether it shows nothing.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// One paragraph for each line group of a plain text.
    pub fn from_plain(text: &str) -> Self {
        let paragraphs = text.split("\n\n").filter(|part| !part.is_empty());
        Self {
            blocks: paragraphs
                .map(|part| Block::Paragraph(vec![Inline::Text(part.to_owned())]))
                .collect(),
        }
    }

    /// The text without its form.
    pub fn plain(&self) -> String {
        let paragraphs = self.blocks.iter().map(|Block::Paragraph(runs)| {
            runs.iter()
                .map(|Inline::Text(text)| text.as_str())
                .collect::<String>()
        });
        paragraphs.collect::<Vec<_>>().join("\n\n")
    }
}
