//! Writes lowered blocks as ADF.
//!
//! Values are moved into the nodes around them: `json!` would copy the whole content again at every level.

use super::lower::is_task_list;
use crate::richtext::inline::{Inline, Marks, Script};
use crate::richtext::model::{Block, Cell, Document, List, ListItem, Media, PanelKind, Row, Table};
use serde_json::{Map, Value};

/// Writes a document.
pub(super) fn document(document: Document) -> Value {
    let mut writer = Writer { local_ids: 0 };
    object([
        ("version", 1.into()),
        ("type", "doc".into()),
        ("content", writer.blocks(document.blocks)),
    ])
}

/// An object of these members.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let mut object = Map::new();
    for (name, value) in members {
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}

/// A node that has neither attributes nor content.
fn leaf(kind: &str) -> Value {
    object([("type", kind.into())])
}

/// A node with its content.
fn parent(kind: &str, content: Value) -> Value {
    object([("type", kind.into()), ("content", content)])
}

/// A node, or a mark, with attributes.
fn with_attributes(kind: &str, attributes: Value) -> Value {
    object([("type", kind.into()), ("attrs", attributes)])
}

/// A node with attributes and its content.
fn full(kind: &str, attributes: Value, content: Value) -> Value {
    object([
        ("type", kind.into()),
        ("attrs", attributes),
        ("content", content),
    ])
}

struct Writer {
    /// How many local ids were given out. The schema wants one on each task, unique in the document.
    local_ids: usize,
}

impl Writer {
    fn blocks(&mut self, blocks: Vec<Block>) -> Value {
        blocks.into_iter().map(|block| self.block(block)).collect()
    }

    fn block(&mut self, block: Block) -> Value {
        match block {
            Block::Paragraph(content) => parent("paragraph", line(content)),
            Block::Heading { level, content } => {
                full("heading", object([("level", level.into())]), line(content))
            }
            Block::List(list) if is_tasks(&list) => self.tasks(list),
            Block::List(list) => self.list(list),
            Block::Quote(blocks) => parent("blockquote", self.blocks(blocks)),
            Block::Panel { kind, blocks } => {
                let attributes = object([("panelType", panel(kind).into())]);
                full("panel", attributes, self.blocks(blocks))
            }
            Block::Code { language, text } => code(language, text),
            Block::Table(table) => self.table(table),
            Block::Rule => leaf("rule"),
            Block::Media(media) => {
                let content = Value::Array(vec![self::media(media)]);
                full(
                    "mediaSingle",
                    object([("layout", "center".into())]),
                    content,
                )
            }
            Block::Opaque(opaque) => raw(&opaque.raw),
        }
    }

    fn local_id(&mut self) -> Value {
        self.local_ids += 1;
        self.local_ids.to_string().into()
    }

    fn list(&mut self, list: List) -> Value {
        let items = list.items.into_iter();
        let items = items
            .map(|item| parent("listItem", self.compartment(item.blocks)))
            .collect();
        match list.start {
            None => parent("bulletList", items),
            Some(order) => full("orderedList", object([("order", order.into())]), items),
        }
    }

    /// The content of a list item or cell, which must not be empty.
    fn compartment(&mut self, blocks: Cell) -> Value {
        if blocks.is_empty() {
            return Value::Array(vec![parent("paragraph", Value::Array(Vec::new()))]);
        }
        self.blocks(blocks)
    }

    fn tasks(&mut self, list: List) -> Value {
        let attributes = object([("localId", self.local_id())]);
        let mut content = Vec::new();
        for item in list.items {
            self.task(item, &mut content);
        }
        full("taskList", attributes, content.into())
    }

    fn task(&mut self, item: ListItem, out: &mut Vec<Value>) {
        let state = if item.task == Some(true) {
            "DONE"
        } else {
            "TODO"
        };
        let mut blocks = item.blocks.into_iter().peekable();
        let first = blocks.next_if(|block| matches!(block, Block::Paragraph(_)));
        let text = match first {
            Some(Block::Paragraph(content)) => line(content),
            _ => Value::Array(Vec::new()),
        };
        let attributes = object([("localId", self.local_id()), ("state", state.into())]);
        out.push(full("taskItem", attributes, text));
        out.extend(blocks.map(|block| self.block(block)));
    }

    fn table(&mut self, table: Table) -> Value {
        let header = table.header.into_iter().map(|row| ("tableHeader", row));
        let rows = header.chain(table.rows.into_iter().map(|row| ("tableCell", row)));
        let rows = rows.map(|(kind, row)| self.row(kind, row));
        parent("table", rows.collect())
    }

    fn row(&mut self, kind: &str, row: Row) -> Value {
        let cells = row.into_iter();
        let cells = cells.map(|cell| full(kind, object([]), self.compartment(cell)));
        parent("tableRow", cells.collect())
    }
}

fn is_tasks(list: &List) -> bool {
    list.items.first().is_some_and(|item| item.task.is_some()) && is_task_list(list)
}

fn panel(kind: PanelKind) -> &'static str {
    match kind {
        PanelKind::Info => "info",
        PanelKind::Note => "note",
        PanelKind::Success => "success",
        PanelKind::Warning => "warning",
        PanelKind::Error => "error",
    }
}

fn code(language: Option<String>, text: String) -> Value {
    let mut node = leaf("codeBlock");
    if let Some(language) = language {
        node["attrs"] = object([("language", language.into())]);
    }
    if !text.is_empty() {
        node["content"] = Value::Array(vec![self::text(text)]);
    }
    node
}

fn media(media: Media) -> Value {
    let mut attributes = match media.id {
        Some(id) => object([
            ("type", "file".into()),
            ("id", id.into()),
            ("collection", media.collection.into()),
        ]),
        None => object([("type", "external".into()), ("url", media.url.into())]),
    };
    if !media.alt.is_empty() {
        attributes["alt"] = media.alt.into();
    }
    for (name, pixels) in [("width", media.width), ("height", media.height)] {
        if let Some(pixels) = pixels {
            attributes[name] = pixels.into();
        }
    }
    with_attributes("media", attributes)
}

fn raw(text: &str) -> Value {
    serde_json::from_str(text).expect("lowering keeps an opaque node only if it can be read")
}

fn line(content: Vec<Inline>) -> Value {
    content.into_iter().map(inline).collect()
}

fn text(text: String) -> Value {
    object([("type", "text".into()), ("text", text.into())])
}

fn inline(inline: Inline) -> Value {
    match inline {
        Inline::Text { text, marks } => {
            let mut node = self::text(text);
            if !marks.is_plain() {
                node["marks"] = self::marks(marks);
            }
            node
        }
        Inline::Break => leaf("hardBreak"),
        Inline::Mention(mention) => {
            let text = format!("@{}", mention.label);
            let attributes = object([("id", mention.id.into()), ("text", text.into())]);
            with_attributes("mention", attributes)
        }
        Inline::Emoji(emoji) => {
            let mut attributes = object([("shortName", emoji.short_name.into())]);
            for (name, value) in [("id", emoji.id), ("text", emoji.text)] {
                if let Some(value) = value {
                    attributes[name] = value.into();
                }
            }
            with_attributes("emoji", attributes)
        }
        Inline::Opaque(opaque) => raw(&opaque.raw),
        Inline::Image(_) => unreachable!("lowering makes a linked text of every picture in a line"),
    }
}

fn marks(marks: Marks) -> Value {
    let flags = [
        (marks.bold, "strong"),
        (marks.italic, "em"),
        (marks.strike, "strike"),
        (marks.code, "code"),
        (marks.underline, "underline"),
    ];
    let set = flags.into_iter().filter(|(on, _)| *on);
    let mut out: Vec<Value> = set.map(|(_, name)| leaf(name)).collect();
    if let Some(script) = marks.script {
        let name = match script {
            Script::Sub => "sub",
            Script::Super => "sup",
        };
        out.push(with_attributes("subsup", object([("type", name.into())])));
    }
    let colours = [
        ("textColor", marks.colour),
        ("backgroundColor", marks.background),
    ];
    for (name, colour) in colours {
        if let Some(colour) = colour {
            out.push(with_attributes(name, object([("color", colour.into())])));
        }
    }
    if let Some(link) = marks.link {
        let mut attributes = object([("href", link.url.into())]);
        if let Some(title) = link.title {
            attributes["title"] = title.into();
        }
        out.push(with_attributes("link", attributes));
    }
    out.into()
}
