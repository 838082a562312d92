//! The tree of blocks.

use super::depth;
use super::inline::{Image, Inline, plain_inlines};
use super::shallow::shallow;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How deeply blocks may nest. Deeper content is lifted into the block at this depth, or kept as an opaque node.
///
/// So every walk over a document may recurse, and a document with all that wraps it stays within the 128 levels that
/// `serde_json` reads: a nested list or table costs six levels of JSON at most. What the decoders return keeps to it, and
/// what nests deeper is not deserialised. A tree that somebody has
/// built by hand may be deeper: what this module offers on it (encoders, projections, merge, plain text) lifts what is too
/// deep first and never recurses beyond the limit. Only what Rust derives (clone, comparison, drop) does: call
/// [`Document::normalised`] before those.
pub const MAX_DEPTH: usize = 16;

/// A rich text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Document {
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A paragraph. An empty one is a blank line that the tracker keeps.
    Paragraph(Vec<Inline>),
    /// A heading.
    Heading {
        /// From 1, the largest, to 6.
        level: u8,
        /// Its text.
        content: Vec<Inline>,
    },
    /// A bulleted, numbered or task list.
    List(List),
    /// A quotation.
    Quote(#[serde(deserialize_with = "depth::inside")] Vec<Block>),
    /// Preformatted text.
    Code {
        /// The language, or the whole info string of a Markdown fence.
        language: Option<String>,
        /// The text, without a last line feed.
        text: String,
    },
    /// A table.
    Table(Table),
    /// A horizontal line.
    Rule,
    /// A coloured box: an ADF panel, a GitHub alert.
    Panel {
        /// What it says about its content.
        kind: PanelKind,
        /// Its content.
        #[serde(deserialize_with = "depth::inside")]
        blocks: Vec<Block>,
    },
    /// A picture or file on its own. A paragraph of nothing but an unlinked image is one, in canonical form.
    Media(Media),
    /// A node that only its own tracker understands.
    Opaque(Opaque),
}

/// A list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct List {
    /// The first number of a numbered list; `None` for bullets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// Its items.
    pub items: Vec<ListItem>,
}

/// An item of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListItem {
    /// For a task whether it is done; `None` for an ordinary item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<bool>,
    /// Its content.
    #[serde(deserialize_with = "depth::inside")]
    pub blocks: Vec<Block>,
}

/// A table. In canonical form every row has as many cells as the widest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Table {
    /// One for each column.
    pub alignments: Vec<Alignment>,
    /// The row of column headings, if there is one.
    #[serde(
        default,
        deserialize_with = "depth::inside",
        skip_serializing_if = "Option::is_none"
    )]
    pub header: Option<Row>,
    /// The rows.
    #[serde(deserialize_with = "depth::inside")]
    pub rows: Vec<Row>,
}

/// A row of a table.
pub type Row = Vec<Cell>;

/// A cell of a table: its blocks.
pub type Cell = Vec<Block>;

/// How a column is aligned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alignment {
    /// As the tracker likes.
    #[default]
    None,
    /// Left.
    Left,
    /// Centred.
    Center,
    /// Right.
    Right,
}

/// What a panel says about its content: Jira's panel types, and GitHub's alerts that look like them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanelKind {
    /// ADF `info`, GitHub `NOTE`.
    Info,
    /// ADF `note`, GitHub `IMPORTANT`.
    Note,
    /// ADF `success`, GitHub `TIP`.
    Success,
    /// ADF `warning`, GitHub `WARNING`.
    Warning,
    /// ADF `error`, GitHub `CAUTION`.
    Error,
}

/// A picture or file. One of `url` and `id` is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Media {
    /// Where it can be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The tracker's id of the file (Jira: of its media service, not of the attachment).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Jira's collection in which the id is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// What it shows, for those who do not see it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alt: String,
    /// The title of an image in Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its width in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Its height in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

/// Which tracker notation an opaque node or a mention's id belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Atlassian Document Format: one node as JSON.
    Adf,
    /// HTML inside Markdown.
    MarkdownHtml,
    /// HTML as a tracker's own field format.
    Html,
    /// Textile.
    Textile,
}

/// A block that only its own tracker understands, or that says more than this tree can.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Opaque {
    /// The notation of `raw`.
    pub format: Format,
    /// The node as the tracker wrote it.
    pub raw: String,
    /// The nearest that others can show. Nothing in it is opaque.
    #[serde(deserialize_with = "depth::inside")]
    pub shown: Vec<Block>,
}

impl Document {
    /// Whether it shows nothing: no block, or empty paragraphs only.
    pub fn is_empty(&self) -> bool {
        self.blocks
            .iter()
            .all(|block| matches!(block, Block::Paragraph(content) if content.is_empty()))
    }

    /// A plain text as a document: an empty line ends a paragraph, a line feed is a line break.
    pub fn from_plain(text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        let paragraphs = text.split("\n\n").map(|part| part.trim_matches('\n'));
        Self {
            blocks: paragraphs
                .filter(|part| !part.is_empty())
                .map(|part| Block::Paragraph(vec![Inline::text(part)]))
                .collect(),
        }
        .normalised()
    }

    /// The text without its form, an empty line between blocks.
    pub fn plain(&self) -> String {
        plain_blocks(&self.shallow().blocks, "\n\n")
    }

    /// The document, bounded in depth: itself, but for one that was built by hand.
    pub(super) fn shallow(&self) -> Cow<'_, Self> {
        match shallow(&self.blocks) {
            Cow::Borrowed(_) => Cow::Borrowed(self),
            Cow::Owned(blocks) => Cow::Owned(Self { blocks }),
        }
    }
}

impl Block {
    /// A paragraph of plain text.
    pub fn paragraph(text: impl Into<String>) -> Self {
        Self::Paragraph(vec![Inline::text(text)])
    }

    /// The text without its form.
    pub fn plain(&self) -> String {
        let bounded = shallow(std::slice::from_ref(self));
        plain_blocks(&bounded, "\n")
    }

    /// The text of a block that is bounded in depth.
    fn bounded_plain(&self) -> String {
        match self {
            Self::Paragraph(content) | Self::Heading { content, .. } => plain_inlines(content),
            Self::List(list) => list.plain(),
            Self::Quote(blocks) | Self::Panel { blocks, .. } => plain_blocks(blocks, "\n"),
            Self::Code { text, .. } => text.clone(),
            Self::Table(table) => table.plain(),
            Self::Rule => "---".to_owned(),
            Self::Media(media) => media.label().to_owned(),
            Self::Opaque(opaque) => plain_blocks(&opaque.shown, "\n"),
        }
    }
}

impl List {
    fn plain(&self) -> String {
        let mut lines = Vec::new();
        for (position, item) in (0_u64..).zip(&self.items) {
            let marker = match self.start {
                Some(first) => format!("{}. ", first.saturating_add(position)),
                None => "- ".to_owned(),
            };
            let task = match item.task {
                Some(true) => "[x] ",
                Some(false) => "[ ] ",
                None => "",
            };
            let text = plain_blocks(&item.blocks, "\n");
            lines.push(format!("{marker}{task}{}", text.replace('\n', "\n  ")));
        }
        lines.join("\n")
    }
}

impl Table {
    fn plain(&self) -> String {
        let rows = self.header.iter().chain(&self.rows);
        rows.map(|row| {
            let cells = row.iter().map(|cell| plain_blocks(cell, " "));
            cells.collect::<Vec<_>>().join("\t")
        })
        .collect::<Vec<_>>()
        .join("\n")
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        let rows = self.header.iter().chain(&self.rows);
        rows.map(Vec::len).max().unwrap_or(0)
    }
}

impl Media {
    /// What to show where the picture cannot be: its alternative text, address or id.
    pub fn label(&self) -> &str {
        if !self.alt.is_empty() {
            return &self.alt;
        }
        self.url.as_deref().or(self.id.as_deref()).unwrap_or("")
    }

    /// The same picture in a line.
    pub(super) fn into_image(self) -> Image {
        Image {
            url: self.url.unwrap_or_default(),
            alt: self.alt,
            title: self.title,
            link: None,
        }
    }
}

fn plain_blocks(blocks: &[Block], between: &str) -> String {
    let texts = blocks
        .iter()
        .map(Block::bounded_plain)
        .filter(|text| !text.is_empty());
    texts.collect::<Vec<_>>().join(between)
}
