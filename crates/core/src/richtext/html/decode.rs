//! Reads elements as blocks.

use super::decode_line::Line;
use super::tree::{Element, Node};
use super::{decode_table, names, style, tree};
use crate::richtext::inline::{Inline, Marks};
use crate::richtext::model::{Block, Document, Format, List, ListItem, Opaque};

/// Reads a text.
pub(super) fn document(text: &str) -> Document {
    let nodes = tree::parse(text);
    let reader = Reader { text, shown: false };
    Document {
        blocks: reader.blocks(&nodes, &Marks::default()),
    }
    .normalised()
}

/// What is read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    /// The whole text, of which opaque nodes keep a part.
    pub(super) text: &'a str,
    /// Whether only the shown form is wanted: then nothing is opaque.
    pub(super) shown: bool,
}

impl Reader<'_> {
    /// Reads what stands in an element. Texts between blocks are paragraphs.
    pub(super) fn blocks(self, nodes: &[Node], marks: &Marks) -> Vec<Block> {
        let mut out = Vec::new();
        let mut line = Line::new(self);
        for node in nodes {
            match node {
                Node::Element(element) if element.is_block => {
                    out.extend(std::mem::replace(&mut line, Line::new(self)).paragraph());
                    out.extend(self.block(element, marks));
                }
                other => line.push(other, marks),
            }
        }
        out.extend(line.paragraph());
        out
    }

    fn block(self, element: &Element, around: &Marks) -> Vec<Block> {
        let marks = style::inside(element, around);
        let inside = |marks: &Marks| self.blocks(&element.children, marks);
        if !names::is_known(&element.name) {
            return self.foreign(element, &marks);
        }
        if let Some(level) = names::heading(&element.name) {
            return self.heading(level, element, &marks);
        }
        vec![match element.name.as_str() {
            "ul" => self.list(None, element, &marks),
            "ol" => {
                let start = element.attribute("start");
                let start = start.and_then(|start| start.trim().parse().ok());
                self.list(Some(start.unwrap_or(1)), element, &marks)
            }
            "blockquote" => Block::Quote(inside(&marks)),
            "pre" => code(element),
            "table" if decode_table::is_known(element) || self.shown => {
                Block::Table(decode_table::table(element, self, &marks))
            }
            "table" => {
                let shown = Self {
                    shown: true,
                    ..self
                };
                let table = decode_table::table(element, shown, &marks);
                return self.opaque(element, vec![Block::Table(table)]);
            }
            "hr" => Block::Rule,
            _ => return inside(&marks),
        }]
    }

    /// An element that the tree has no place for.
    fn foreign(self, element: &Element, marks: &Marks) -> Vec<Block> {
        let shown = Self {
            shown: true,
            ..self
        };
        let blocks = shown.blocks(&element.children, marks);
        self.opaque(element, blocks)
    }

    fn opaque(self, element: &Element, shown: Vec<Block>) -> Vec<Block> {
        if self.shown {
            return shown;
        }
        vec![Block::Opaque(Opaque {
            format: Format::Html,
            raw: self.raw(element),
            shown,
        })]
    }

    /// An element as it stands in the text, with its end tag.
    pub(super) fn raw(self, element: &Element) -> String {
        let raw = &self.text[element.start..element.end];
        if element.is_closed {
            raw.to_owned()
        } else {
            format!("{raw}</{}>", element.name)
        }
    }

    /// A comment as it stands in the text, with its end.
    pub(super) fn comment(self, start: usize, end: usize) -> String {
        let raw = &self.text[start..end];
        let closing = if raw.starts_with("<!--") { "-->" } else { ">" };
        let is_closed = raw.ends_with(closing) && raw.len() >= 4 + closing.len();
        match is_closed || (closing == ">" && raw.ends_with('>')) {
            true => raw.to_owned(),
            false => format!("{raw}{closing}"),
        }
    }

    /// A heading; one that has blocks in it, which the standard does not allow, is a heading for each of its lines.
    fn heading(self, level: u8, element: &Element, marks: &Marks) -> Vec<Block> {
        let heading = |content: Vec<Inline>| Block::Heading { level, content };
        if !element.children.iter().any(Node::is_block) {
            let mut line = Line::new(self);
            element
                .children
                .iter()
                .for_each(|node| line.push(node, marks));
            return vec![heading(line.content())];
        }
        let blocks = self.blocks(&element.children, marks).into_iter();
        let lifted = blocks.map(|block| match block {
            Block::Paragraph(content) => heading(content),
            other => other,
        });
        lifted.collect()
    }

    /// A list. What stands in it and is no item belongs to the item before it, or makes one.
    fn list(self, start: Option<u64>, element: &Element, marks: &Marks) -> Block {
        let mut items: Vec<ListItem> = Vec::new();
        for child in &element.children {
            let (is_item, blocks) = match child {
                Node::Element(child) if child.name == "li" => {
                    let marks = style::inside(child, marks);
                    (true, self.blocks(&child.children, &marks))
                }
                other => (false, self.blocks(std::slice::from_ref(other), marks)),
            };
            match items.last_mut() {
                Some(item) if !is_item => item.blocks.extend(blocks),
                None if !is_item && blocks.is_empty() => {}
                _ => items.push(ListItem { task: None, blocks }),
            }
        }
        Block::List(List { start, items })
    }
}

/// What a class says about the language of a preformatted text.
pub(super) const LANGUAGE: &str = "language-";

fn code(element: &Element) -> Block {
    let inner = match &element.children[..] {
        [Node::Element(inner)] if inner.name == "code" => Some(inner),
        _ => None,
    };
    let class = inner.and_then(|inner| inner.attribute("class"));
    let language = class.and_then(|class| class.strip_prefix(LANGUAGE));
    let text = element.text().replace("\r\n", "\n");
    // The standard leaves out a line feed right behind the tag, and editors end the last line with one.
    let text = match inner {
        Some(_) => text,
        None => {
            let text = text.strip_prefix('\n').unwrap_or(&text);
            text.strip_suffix('\n').unwrap_or(text).to_owned()
        }
    };
    Block::Code {
        language: language.map(str::to_owned),
        text,
    }
}
