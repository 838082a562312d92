//! Reads ADF blocks into the tree.

use super::{decode_inline, decode_table, node};
use crate::richtext::canonical::canonical_blocks;
use crate::richtext::inline::{Inline, Link, Marks};
use crate::richtext::model::{
    Block, Document, Format, List, ListItem, MAX_DEPTH, Media, Opaque, PanelKind,
};
use serde_json::Value;

/// Reads a value that was found to be a document.
pub(super) fn document(value: &Value) -> Document {
    let reader = Reader {
        shown: false,
        depth: 0,
    };
    Document {
        blocks: reader.blocks(node::content(value)),
    }
    .normalised()
}

/// Reads one node as a block of its own.
pub(super) fn block(value: &Value) -> Vec<Block> {
    let reader = Reader {
        shown: false,
        depth: 0,
    };
    canonical_blocks(reader.block(value), 0)
}

/// Where we are.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    /// Whether only the shown form is wanted: then nothing is opaque.
    pub(super) shown: bool,
    depth: usize,
}

impl Reader {
    /// Reads children. Nodes of a line among them, which the schema does not allow, make a paragraph.
    pub(super) fn blocks(self, nodes: &[Value]) -> Vec<Block> {
        let mut out = Vec::with_capacity(nodes.len());
        let mut line = Vec::new();
        for value in nodes {
            if super::schema::is_inline(node::kind(value)) {
                line.extend(decode_inline::node(value, self.shown));
                continue;
            }
            if !line.is_empty() {
                out.push(Block::Paragraph(std::mem::take(&mut line)));
            }
            out.extend(self.block(value));
        }
        if !line.is_empty() {
            out.push(Block::Paragraph(line));
        }
        out
    }

    /// Reads one node. What it is read as is decided before its children are read, so that nothing is read twice.
    fn block(self, value: &Value) -> Vec<Block> {
        if self.depth >= MAX_DEPTH
            && node::content(value)
                .iter()
                .any(|child| !super::schema::is_inline(node::kind(child)))
        {
            return self.opaque(value, vec![Block::paragraph(node::all_text(value))]);
        }
        if !self.shown && !is_known(value) {
            let shown = Self {
                shown: true,
                depth: self.depth + 1,
            };
            return self.opaque(value, shown.block(value));
        }
        let read = match node::kind(value) {
            "paragraph" => Block::Paragraph(self.line(value)),
            "heading" => Block::Heading {
                level: level(value).unwrap_or(1),
                content: self.line(value),
            },
            "bulletList" => self.list(None, value),
            "orderedList" => self.list(Some(order(value).unwrap_or(1)), value),
            "taskList" => self.tasks(value),
            "blockquote" => Block::Quote(self.inside(value)),
            "panel" => Block::Panel {
                kind: panel(value).unwrap_or(PanelKind::Info),
                blocks: self.inside(value),
            },
            "codeBlock" => Block::Code {
                language: node::text(value, "language").map(str::to_owned),
                text: node::content(value).iter().map(node::all_text).collect(),
            },
            "rule" => Block::Rule,
            "mediaSingle" => match node::content(value).first().and_then(media) {
                Some(media) => Block::Media(media),
                None => Block::paragraph(node::all_text(value)),
            },
            "table" => Block::Table(decode_table::table(value, self.deeper())),
            _ => return self.fallback(value),
        };
        vec![read]
    }

    fn opaque(self, value: &Value, shown: Vec<Block>) -> Vec<Block> {
        if self.shown {
            return shown;
        }
        vec![Block::Opaque(Opaque {
            format: Format::Adf,
            raw: value.to_string(),
            shown,
        })]
    }

    /// What others can show of a node that the tree has no place for.
    fn fallback(self, value: &Value) -> Vec<Block> {
        let mut out = Vec::new();
        if let Some(title) = node::text(value, "title").or(node::text(value, "text")) {
            let marks = Marks {
                bold: true,
                ..Marks::default()
            };
            out.push(Block::Paragraph(vec![Inline::marked(title, marks)]));
        }
        if let Some(url) = node::text(value, "url") {
            let marks = Marks {
                link: Some(Link::to(url)),
                ..Marks::default()
            };
            out.push(Block::Paragraph(vec![Inline::marked(url, marks)]));
        }
        if let Some(media) = media(value) {
            out.push(Block::Media(media));
        }
        out.extend(self.inside(value));
        out
    }

    fn line(self, value: &Value) -> Vec<Inline> {
        decode_inline::line(node::content(value), self.shown)
    }

    fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }

    fn inside(self, value: &Value) -> Vec<Block> {
        self.deeper().blocks(node::content(value))
    }

    fn list(self, start: Option<u64>, value: &Value) -> Block {
        let items = node::content(value).iter().map(|item| ListItem {
            task: None,
            blocks: self.inside(item),
        });
        Block::List(List {
            start,
            items: items.collect(),
        })
    }

    /// Reads a task list; a list in it belongs to the task before it.
    fn tasks(self, value: &Value) -> Block {
        let mut items: Vec<ListItem> = Vec::new();
        for child in node::content(value) {
            let nested = node::kind(child) == "taskList";
            match items.last_mut() {
                Some(item) if nested => item.blocks.extend(self.deeper().block(child)),
                _ if nested => items.push(ListItem {
                    task: Some(false),
                    blocks: self.deeper().block(child),
                }),
                _ => items.push(ListItem {
                    task: Some(node::text(child, "state") == Some("DONE")),
                    blocks: self.inside(child),
                }),
            }
        }
        Block::List(List { start: None, items })
    }
}

/// Whether the tree has a place for all that a node itself says.
fn is_known(value: &Value) -> bool {
    let children = node::content(value);
    let all = |fits: &dyn Fn(&Value) -> bool| children.iter().all(fits);
    match node::kind(value) {
        "paragraph" => node::has_only(value, &[]),
        "blockquote" => node::has_only(value, &[]),
        "rule" => node::has_only(value, &[]) && children.is_empty(),
        "heading" => node::has_only(value, &["level"]) && level(value).is_some(),
        "panel" => node::has_only(value, &["panelType"]) && panel(value).is_some(),
        "codeBlock" => {
            node::has_only(value, &["language"])
                && all(&|child| node::kind(child) == "text" && node::has_only(child, &[]))
        }
        "bulletList" => node::has_only(value, &[]) && all(&is_item),
        "orderedList" => {
            node::has_only(value, &["order"]) && order(value).is_some() && all(&is_item)
        }
        "taskList" => {
            let first = children.first().is_some_and(is_task);
            let fits = |child: &Value| {
                is_task(child) || (node::kind(child) == "taskList" && is_known(child))
            };
            node::has_only(value, &[]) && first && all(&fits)
        }
        "mediaSingle" => {
            let centred = node::text(value, "layout") == Some("center");
            node::has_only(value, &["layout"])
                && (centred || node::attribute(value, "layout").is_none())
                && children.len() == 1
                && is_known_media(&children[0])
        }
        "table" => decode_table::is_known(value),
        _ => false,
    }
}

fn is_item(value: &Value) -> bool {
    node::kind(value) == "listItem" && node::has_only(value, &[])
}

fn is_task(value: &Value) -> bool {
    node::kind(value) == "taskItem"
        && node::has_only(value, &["state"])
        && matches!(node::text(value, "state"), Some("TODO" | "DONE"))
}

/// The level of a heading.
fn level(value: &Value) -> Option<u8> {
    let level = node::attribute(value, "level")?.as_u64()?;
    u8::try_from(level)
        .ok()
        .filter(|level| (1..=6).contains(level))
}

/// The first number of a list.
fn order(value: &Value) -> Option<u64> {
    match node::attribute(value, "order") {
        None => Some(1),
        Some(order) => order.as_u64(),
    }
}

fn panel(value: &Value) -> Option<PanelKind> {
    Some(match node::text(value, "panelType")? {
        "info" => PanelKind::Info,
        "note" => PanelKind::Note,
        "success" => PanelKind::Success,
        "warning" => PanelKind::Warning,
        "error" => PanelKind::Error,
        _ => return None,
    })
}

fn is_known_media(value: &Value) -> bool {
    let attributes = ["type", "url", "id", "collection", "alt", "width", "height"];
    let whole = ["width", "height"]
        .into_iter()
        .all(|name| node::attribute(value, name).is_none() || pixels(value, name).is_some());
    let kind = node::text(value, "type");
    node::has_only(value, &attributes)
        && whole
        && match kind {
            Some("external") => {
                node::attribute(value, "id").is_none()
                    && node::attribute(value, "collection").is_none()
            }
            Some("file") => {
                node::text(value, "collection").is_some() && node::attribute(value, "url").is_none()
            }
            _ => false,
        }
        && media(value).is_some()
}

fn media(value: &Value) -> Option<Media> {
    if node::kind(value) != "media" {
        return None;
    }
    let owned = |name| {
        node::text(value, name)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let media = Media {
        url: owned("url"),
        id: owned("id"),
        collection: node::text(value, "collection").map(str::to_owned),
        alt: owned("alt").unwrap_or_default(),
        title: None,
        width: pixels(value, "width"),
        height: pixels(value, "height"),
    };
    (media.url.is_some() || media.id.is_some()).then_some(media)
}

fn pixels(value: &Value, name: &str) -> Option<u32> {
    u32::try_from(node::attribute(value, name)?.as_u64()?).ok()
}
