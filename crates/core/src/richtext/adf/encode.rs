//! Writes lowered blocks as ADF.

use super::lower::is_task_list;
use crate::richtext::inline::{Inline, Marks, Script};
use crate::richtext::model::{Block, Cell, Document, List, ListItem, Media, PanelKind, Table};
use serde_json::{Value, json};

/// Writes a document.
pub(super) fn document(document: &Document) -> Value {
    let mut writer = Writer { local_ids: 0 };
    json!({"version": 1, "type": "doc", "content": writer.blocks(&document.blocks)})
}

struct Writer {
    /// How many local ids were given out. The schema wants one on each task, unique in the document.
    local_ids: usize,
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block]) -> Vec<Value> {
        blocks.iter().map(|block| self.block(block)).collect()
    }

    fn block(&mut self, block: &Block) -> Value {
        match block {
            Block::Paragraph(content) => {
                json!({"type": "paragraph", "content": line(content)})
            }
            Block::Heading { level, content } => {
                json!({"type": "heading", "attrs": {"level": level}, "content": line(content)})
            }
            Block::List(list) if is_tasks(list) => self.tasks(list),
            Block::List(list) => self.list(list),
            Block::Quote(blocks) => {
                json!({"type": "blockquote", "content": self.blocks(blocks)})
            }
            Block::Panel { kind, blocks } => json!({
                "type": "panel",
                "attrs": {"panelType": panel(*kind)},
                "content": self.blocks(blocks),
            }),
            Block::Code { language, text } => code(language.as_deref(), text),
            Block::Table(table) => self.table(table),
            Block::Rule => json!({"type": "rule"}),
            Block::Media(media) => json!({
                "type": "mediaSingle",
                "attrs": {"layout": "center"},
                "content": [self::media(media)],
            }),
            Block::Opaque(opaque) => raw(&opaque.raw),
        }
    }

    fn local_id(&mut self) -> String {
        self.local_ids += 1;
        self.local_ids.to_string()
    }

    fn list(&mut self, list: &List) -> Value {
        let items: Vec<Value> = list
            .items
            .iter()
            .map(|item| json!({"type": "listItem", "content": self.compartment(&item.blocks)}))
            .collect();
        match list.start {
            None => json!({"type": "bulletList", "content": items}),
            Some(order) => {
                json!({"type": "orderedList", "attrs": {"order": order}, "content": items})
            }
        }
    }

    /// The content of a list item or cell, which must not be empty.
    fn compartment(&mut self, blocks: &Cell) -> Vec<Value> {
        if blocks.is_empty() {
            return vec![json!({"type": "paragraph", "content": []})];
        }
        self.blocks(blocks)
    }

    fn tasks(&mut self, list: &List) -> Value {
        let list_id = self.local_id();
        let mut content = Vec::new();
        for item in &list.items {
            self.task(item, &mut content);
        }
        json!({"type": "taskList", "attrs": {"localId": list_id}, "content": content})
    }

    fn task(&mut self, item: &ListItem, out: &mut Vec<Value>) {
        let state = if item.task == Some(true) {
            "DONE"
        } else {
            "TODO"
        };
        let (text, nested) = match &item.blocks[..] {
            [Block::Paragraph(content), nested @ ..] => (line(content), nested),
            nested => (Vec::new(), nested),
        };
        out.push(json!({
            "type": "taskItem",
            "attrs": {"localId": self.local_id(), "state": state},
            "content": text,
        }));
        out.extend(self.blocks(nested));
    }

    fn table(&mut self, table: &Table) -> Value {
        let header = table.header.iter().map(|row| ("tableHeader", row));
        let rows = header.chain(table.rows.iter().map(|row| ("tableCell", row)));
        let rows: Vec<Value> = rows
            .map(|(kind, row)| {
                let cells: Vec<Value> = row
                    .iter()
                    .map(|cell| json!({"type": kind, "attrs": {}, "content": self.compartment(cell)}))
                    .collect();
                json!({"type": "tableRow", "content": cells})
            })
            .collect();
        json!({"type": "table", "content": rows})
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

fn code(language: Option<&str>, text: &str) -> Value {
    let mut node = json!({"type": "codeBlock"});
    if let Some(language) = language {
        node["attrs"] = json!({"language": language});
    }
    if !text.is_empty() {
        node["content"] = json!([{"type": "text", "text": text}]);
    }
    node
}

fn media(media: &Media) -> Value {
    let mut attributes = match (&media.id, &media.url) {
        (Some(id), _) => json!({"type": "file", "id": id, "collection": media.collection}),
        (None, url) => json!({"type": "external", "url": url}),
    };
    if !media.alt.is_empty() {
        attributes["alt"] = json!(media.alt);
    }
    for (name, pixels) in [("width", media.width), ("height", media.height)] {
        if let Some(pixels) = pixels {
            attributes[name] = json!(pixels);
        }
    }
    json!({"type": "media", "attrs": attributes})
}

fn raw(text: &str) -> Value {
    serde_json::from_str(text).expect("lowering keeps an opaque node only if it can be read")
}

fn line(content: &[Inline]) -> Vec<Value> {
    content.iter().map(inline).collect()
}

fn inline(inline: &Inline) -> Value {
    match inline {
        Inline::Text { text, marks } => {
            let mut node = json!({"type": "text", "text": text});
            if !marks.is_plain() {
                node["marks"] = Value::Array(self::marks(marks));
            }
            node
        }
        Inline::Break => json!({"type": "hardBreak"}),
        Inline::Mention(mention) => json!({
            "type": "mention",
            "attrs": {"id": mention.id, "text": format!("@{}", mention.label)},
        }),
        Inline::Emoji(emoji) => {
            let mut attributes = json!({"shortName": emoji.short_name});
            for (name, value) in [("id", &emoji.id), ("text", &emoji.text)] {
                if let Some(value) = value {
                    attributes[name] = json!(value);
                }
            }
            json!({"type": "emoji", "attrs": attributes})
        }
        Inline::Opaque(opaque) => raw(&opaque.raw),
        Inline::Image(_) => unreachable!("lowering makes a linked text of every picture in a line"),
    }
}

fn marks(marks: &Marks) -> Vec<Value> {
    let mut out = Vec::new();
    let flags = [
        (marks.bold, "strong"),
        (marks.italic, "em"),
        (marks.strike, "strike"),
        (marks.code, "code"),
        (marks.underline, "underline"),
    ];
    out.extend(
        flags
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, name)| json!({"type": name})),
    );
    if let Some(script) = marks.script {
        let name = match script {
            Script::Sub => "sub",
            Script::Super => "sup",
        };
        out.push(json!({"type": "subsup", "attrs": {"type": name}}));
    }
    let colours = [
        ("textColor", &marks.colour),
        ("backgroundColor", &marks.background),
    ];
    for (name, colour) in colours {
        if let Some(colour) = colour {
            out.push(json!({"type": name, "attrs": {"color": colour}}));
        }
    }
    if let Some(link) = &marks.link {
        let mut attributes = json!({"href": link.url});
        if let Some(title) = &link.title {
            attributes["title"] = json!(title);
        }
        out.push(json!({"type": "link", "attrs": attributes}));
    }
    out
}
