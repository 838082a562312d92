//! Reads what stands in a line.

use super::decode::Reader;
use super::space::{self, one_space};
use super::tree::{Element, Node};
use super::{names, style};
use crate::richtext::inline::{Image, Inline, Marks, Mention, OpaqueInline};
use crate::richtext::model::{Block, Format, Media};

/// What a call to a person begins with, in the attribute that makes a link one.
///
/// Source: what Azure DevOps' editor writes; the second part is the person's id.
pub(super) const MENTION: &str = "version:2.0,";

/// A line that is read.
pub(super) struct Line<'a> {
    reader: Reader<'a>,
    content: Vec<Inline>,
    /// Whether there was a line break: an empty line with one is a blank line.
    broken: bool,
    /// The last picture, with its size.
    media: Option<Media>,
}

impl<'a> Line<'a> {
    pub(super) const fn new(reader: Reader<'a>) -> Self {
        Self {
            reader,
            content: Vec::new(),
            broken: false,
            media: None,
        }
    }

    /// The line.
    pub(super) fn content(self) -> Vec<Inline> {
        space::line(self.content)
    }

    /// The line as a block: nothing where it shows nothing, a picture where it is nothing else.
    pub(super) fn paragraph(self) -> Option<Block> {
        let line = space::line(self.content);
        match (&line[..], self.media) {
            ([], _) => self.broken.then_some(Block::Paragraph(line)),
            ([Inline::Image(Image { link: None, .. })], Some(media)) => Some(Block::Media(media)),
            _ => Some(Block::Paragraph(line)),
        }
    }

    /// Appends a node that has no block in it.
    pub(super) fn push(&mut self, node: &Node, marks: &Marks) {
        match node {
            Node::Text(text) => {
                let text = one_space(text);
                self.content.push(Inline::marked(text, marks.clone()));
            }
            Node::Comment(..) if self.reader.shown => {}
            Node::Comment(start, end) => self.content.push(Inline::Opaque(OpaqueInline {
                format: Format::Html,
                raw: self.reader.comment(*start, *end),
                shown: Vec::new(),
            })),
            Node::Element(element) => self.element(element, marks),
        }
    }

    fn element(&mut self, element: &Element, around: &Marks) {
        let marks = style::inside(element, around);
        match element.name.as_str() {
            "br" => {
                self.broken = true;
                self.content.push(Inline::Break);
            }
            "wbr" => {}
            "img" => self.image(element, &marks),
            "a" if element.attribute("data-vss-mention").is_some() => {
                self.mention(element, around);
            }
            name if names::is_of_a_line(name) => self.inside(element, &marks),
            _ => self.foreign(element, around),
        }
    }

    fn inside(&mut self, element: &Element, marks: &Marks) {
        for child in &element.children {
            self.push(child, marks);
        }
    }

    fn image(&mut self, element: &Element, marks: &Marks) {
        let attribute = |name: &str| element.attribute(name).map(str::to_owned);
        let alt = attribute("alt").unwrap_or_default();
        let Some(url) = attribute("src").filter(|url| !url.is_empty()) else {
            self.content.push(Inline::marked(alt, marks.clone()));
            return;
        };
        let pixels = |name: &str| {
            let size = element.attribute(name)?.trim().trim_end_matches("px");
            size.parse().ok().filter(|pixels| *pixels > 0)
        };
        let title = attribute("title").filter(|title| !title.is_empty());
        self.media = Some(Media {
            url: Some(url.clone()),
            alt: alt.clone(),
            title: title.clone(),
            width: pixels("width"),
            height: pixels("height"),
            ..Media::default()
        });
        self.content.push(Inline::Image(Image {
            url,
            alt,
            title,
            link: marks.link.clone(),
        }));
    }

    fn mention(&mut self, element: &Element, around: &Marks) {
        let said = element.attribute("data-vss-mention").unwrap_or_default();
        let id = said.strip_prefix(MENTION).filter(|id| !id.is_empty());
        let Some(id) = id else {
            // A work item that is named, or what later versions have.
            return self.foreign(element, around);
        };
        let label = label(&element.text());
        self.content.push(Inline::Mention(Mention {
            format: Format::Html,
            id: id.to_owned(),
            label: label.strip_prefix('@').unwrap_or(&label).to_owned(),
        }));
    }

    /// An element that the tree has no place for.
    fn foreign(&mut self, element: &Element, around: &Marks) {
        let shown = Reader {
            shown: true,
            ..self.reader
        };
        let mut line = Line::new(shown);
        match (element.name.as_str(), element.attribute("type")) {
            ("input", Some("checkbox")) => {
                let done = element.attribute("checked").is_some();
                line.content
                    .push(Inline::text(if done { "☑" } else { "☐" }));
            }
            (name, _) if names::is_raw(name) => {}
            _ => line.inside(element, &style::inside(element, around)),
        }
        if self.reader.shown {
            self.content.extend(line.content);
            return;
        }
        self.content.push(Inline::Opaque(OpaqueInline {
            format: Format::Html,
            raw: self.reader.raw(element),
            shown: line.content(),
        }));
    }
}

/// A name with one space where there is any white space, and none around it.
pub(super) fn label(text: &str) -> String {
    one_space(text).trim_matches(' ').to_owned()
}
