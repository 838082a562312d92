//! Reads Markdown into the tree, with a stack of its own: depth in the text is never depth of calls.

use super::html;
use super::line::{self, Piece};
use crate::richtext::canonical;
use crate::richtext::inline::{Image, Inline, Link, Marks};
use crate::richtext::model::{
    Alignment, Block, Document, Format, List, ListItem, MAX_DEPTH, Opaque, PanelKind, Row, Table,
};
use pulldown_cmark::{
    self as md, BlockQuoteKind, CodeBlockKind, CowStr, Event, LinkType, Tag, TagEnd,
};
use std::ops::Range;

/// Reads a text.
pub(super) fn document(text: &str) -> Document {
    let text = canonical::clean(text);
    let extensions = md::Options::ENABLE_TABLES
        | md::Options::ENABLE_STRIKETHROUGH
        | md::Options::ENABLE_TASKLISTS
        | md::Options::ENABLE_GFM;
    let mut reader = Reader::new(&text);
    for (event, range) in md::Parser::new_ext(&text, extensions).into_offset_iter() {
        reader.event(event, range);
    }
    reader.finish().normalised()
}

/// An open block.
enum Open {
    Document,
    /// A block beyond the depth: its content goes to the block around it.
    Lifted,
    Quote(Option<PanelKind>),
    List(Option<u64>, Vec<ListItem>),
    Item(Option<bool>),
    Heading(u8),
    Paragraph,
    Code(Option<String>, String),
    Html(String),
    Table(Box<Table>),
    /// A row of a table, and whether it is the header.
    Row(Row, bool),
    Cell,
}

struct Frame {
    open: Open,
    blocks: Vec<Block>,
}

struct Reader<'a> {
    text: &'a str,
    frames: Vec<Frame>,
    /// How many of the frames are containers that count for the depth.
    depth: usize,
    line: Vec<Piece>,
    bold: usize,
    italic: usize,
    strike: usize,
    links: Vec<Link>,
    /// How many bytes of addresses may still be copied to pieces of text: a long link around many small pieces must
    /// not multiply.
    link_budget: usize,
    /// Open images: the outermost collects the text of all.
    images: Vec<Image>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let document = Frame {
            open: Open::Document,
            blocks: Vec::new(),
        };
        Self {
            text,
            frames: vec![document],
            depth: 0,
            line: Vec::new(),
            bold: 0,
            italic: 0,
            strike: 0,
            links: Vec::new(),
            link_budget: 4 * text.len() + 65_536,
            images: Vec::new(),
        }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text, Some(range)),
            Event::Code(text) => self.code(&text),
            Event::Html(text) => match &mut self.top().open {
                Open::Html(raw) => raw.push_str(&text),
                _ => self.line.push(Piece::Html(text.into_string())),
            },
            Event::InlineHtml(text) => {
                if self.images.is_empty() {
                    self.line.push(Piece::Html(text.into_string()));
                }
            }
            Event::SoftBreak | Event::HardBreak => match self.images.first_mut() {
                Some(image) => image.alt.push(' '),
                None => self.line.push(Piece::Node(Inline::Break)),
            },
            Event::Rule => {
                self.flush();
                self.push(Block::Rule);
            }
            Event::TaskListMarker(done) => {
                let item = self
                    .frames
                    .iter_mut()
                    .rev()
                    .find_map(|frame| match &mut frame.open {
                        Open::Item(task) => Some(task),
                        _ => None,
                    });
                if let Some(task) = item {
                    *task = Some(done);
                }
            }
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text, None);
            }
        }
    }

    fn text(&mut self, text: &str, range: Option<Range<usize>>) {
        if let Some(image) = self.images.first_mut() {
            image.alt.push_str(text);
            return;
        }
        if let Open::Code(_, code) = &mut self.top().open {
            code.push_str(text);
            return;
        }
        let marks = self.marks();
        let source = range.filter(|range| self.text.get(range.clone()) == Some(text));
        let escaped = source
            .as_ref()
            .is_some_and(|range| self.text[..range.start].ends_with('\\'));
        // An escaped character takes no part in what is recognised; it begins a piece of its own.
        let first = text
            .chars()
            .next()
            .filter(|_| escaped)
            .map_or(0, char::len_utf8);
        let (first, text) = text.split_at(first);
        if !first.is_empty() {
            self.line.push(Piece::Text {
                text: first.to_owned(),
                marks: marks.clone(),
                source: None,
            });
        }
        let source = source.map(|range| range.start + first.len()..range.end);
        self.line.push(Piece::Text {
            text: text.to_owned(),
            marks,
            source,
        });
    }

    fn code(&mut self, text: &str) {
        if let Some(image) = self.images.first_mut() {
            image.alt.push_str(text);
            return;
        }
        let marks = Marks {
            code: true,
            ..self.marks()
        };
        self.line.push(Piece::Text {
            text: text.replace('\n', " "),
            marks,
            source: None,
        });
    }

    /// The open link, while the budget lasts.
    fn link(&mut self) -> Option<Link> {
        let link = self.links.last()?;
        self.link_budget = self.link_budget.checked_sub(link.url.len())?;
        Some(link.clone())
    }

    fn marks(&mut self) -> Marks {
        Marks {
            bold: self.bold > 0,
            italic: self.italic > 0,
            strike: self.strike > 0,
            link: self.link(),
            ..Marks::default()
        }
    }

    fn top(&mut self) -> &mut Frame {
        self.frames
            .last_mut()
            .expect("the document's frame is never closed before the end")
    }

    fn push(&mut self, block: Block) {
        self.top().blocks.push(block);
    }

    /// Ends a line that has no paragraph of its own: the text of a tight list item.
    fn flush(&mut self) {
        if self.line.is_empty() {
            return;
        }
        let content = self.take_line();
        self.push_paragraph(content);
    }

    /// Markdown has no empty paragraphs: one that shows nothing, such as a link without a text, is none.
    fn push_paragraph(&mut self, content: Vec<Inline>) {
        if !content.is_empty() {
            self.push(Block::Paragraph(content));
        }
    }

    fn take_line(&mut self) -> Vec<Inline> {
        let pieces = std::mem::take(&mut self.line);
        canonical::canonical_inlines(line::finish(pieces))
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Strong => self.bold += 1,
            Tag::Emphasis => self.italic += 1,
            Tag::Strikethrough => self.strike += 1,
            Tag::Link {
                link_type,
                dest_url,
                title,
                ..
            } => self.links.push(link(link_type, &dest_url, title)),
            Tag::Image {
                dest_url, title, ..
            } => {
                let link = self.link();
                self.images.push(Image {
                    url: dest_url.into_string(),
                    alt: String::new(),
                    title: non_empty(title),
                    link,
                });
            }
            block => {
                self.flush();
                if let Some(open) = self.open(block) {
                    self.frames.push(Frame {
                        open,
                        blocks: Vec::new(),
                    });
                }
            }
        }
    }

    fn open(&mut self, tag: Tag<'_>) -> Option<Open> {
        Some(match tag {
            Tag::Paragraph => Open::Paragraph,
            Tag::Heading { level, .. } => Open::Heading(level as u8),
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                Open::Code(non_empty(info), String::new())
            }
            Tag::CodeBlock(CodeBlockKind::Indented) => Open::Code(None, String::new()),
            Tag::HtmlBlock => Open::Html(String::new()),
            Tag::BlockQuote(kind) => self.container(Open::Quote(kind.map(panel))),
            Tag::List(start) => self.container(Open::List(start, Vec::new())),
            Tag::Item => match self.top().open {
                Open::List(..) => Open::Item(None),
                _ => Open::Lifted,
            },
            Tag::Table(alignments) => self.container(Open::Table(Box::new(Table {
                alignments: alignments.into_iter().map(alignment).collect(),
                ..Table::default()
            }))),
            row @ (Tag::TableHead | Tag::TableRow) => match self.top().open {
                Open::Table(_) => Open::Row(Row::new(), row == Tag::TableHead),
                _ => Open::Lifted,
            },
            Tag::TableCell => match self.top().open {
                Open::Row(..) => Open::Cell,
                _ => Open::Paragraph,
            },
            // Only with extensions that are not switched on, or handled as a line's marks.
            _ => Open::Lifted,
        })
    }

    /// The container, unless blocks are nested too deeply already.
    fn container(&mut self, open: Open) -> Open {
        if self.depth >= MAX_DEPTH {
            return Open::Lifted;
        }
        self.depth += 1;
        open
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Strikethrough => self.strike = self.strike.saturating_sub(1),
            TagEnd::Link => drop(self.links.pop()),
            TagEnd::Image => {
                // An image in an image's text is only its text.
                if let Some(image) = self.images.pop().filter(|_| self.images.is_empty()) {
                    self.line.push(Piece::Node(Inline::Image(image)));
                }
            }
            _ => self.close(),
        }
    }

    fn close(&mut self) {
        let line = self.take_line();
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let mut blocks = frame.blocks;
        match frame.open {
            Open::Paragraph => self.push_paragraph(line),
            Open::Heading(level) => self.push(Block::Heading {
                level,
                content: line,
            }),
            Open::Code(language, mut text) => {
                if text.ends_with('\n') {
                    text.pop();
                }
                self.push(Block::Code { language, text });
            }
            Open::Html(raw) => self.push(html_block(&raw)),
            Open::Cell => {
                if let Open::Row(cells, _) = &mut self.top().open {
                    cells.push(if line.is_empty() {
                        Vec::new()
                    } else {
                        vec![Block::Paragraph(line)]
                    });
                }
            }
            open => {
                if !line.is_empty() {
                    blocks.push(Block::Paragraph(line));
                }
                self.close_container(open, blocks);
            }
        }
    }

    fn close_container(&mut self, open: Open, blocks: Vec<Block>) {
        match open {
            Open::Quote(kind) => {
                self.depth -= 1;
                self.push(match kind {
                    Some(kind) => Block::Panel { kind, blocks },
                    None => Block::Quote(blocks),
                });
            }
            Open::List(start, items) => {
                self.depth -= 1;
                self.push(Block::List(List { start, items }));
            }
            Open::Table(table) => {
                self.depth -= 1;
                self.push(Block::Table(*table));
            }
            Open::Item(task) => {
                if let Open::List(_, items) = &mut self.top().open {
                    items.push(ListItem { task, blocks });
                }
            }
            Open::Row(cells, header) => {
                if let Open::Table(table) = &mut self.top().open {
                    match header {
                        true if cells.iter().all(Vec::is_empty) => {}
                        true => table.header = Some(cells),
                        false => table.rows.push(cells),
                    }
                }
            }
            _ => self.top().blocks.extend(blocks),
        }
    }

    fn finish(mut self) -> Document {
        while self.frames.len() > 1 {
            self.close();
        }
        self.flush();
        let blocks = self.frames.pop().map(|frame| frame.blocks);
        Document {
            blocks: blocks.unwrap_or_default(),
        }
    }
}

fn html_block(raw: &str) -> Block {
    let raw = raw.trim_end_matches('\n').to_owned();
    let line = canonical::canonical_inlines(html::shown(&raw));
    let shown = if line.is_empty() {
        Vec::new()
    } else {
        vec![Block::Paragraph(line)]
    };
    Block::Opaque(Opaque {
        format: Format::MarkdownHtml,
        raw,
        shown,
    })
}

fn link(kind: LinkType, url: &str, title: CowStr<'_>) -> Link {
    Link {
        url: match kind {
            LinkType::Email => format!("mailto:{url}"),
            _ => url.to_owned(),
        },
        title: non_empty(title),
    }
}

fn non_empty(text: CowStr<'_>) -> Option<String> {
    (!text.is_empty()).then(|| text.into_string())
}

fn panel(kind: BlockQuoteKind) -> PanelKind {
    match kind {
        BlockQuoteKind::Note => PanelKind::Info,
        BlockQuoteKind::Tip => PanelKind::Success,
        BlockQuoteKind::Important => PanelKind::Note,
        BlockQuoteKind::Warning => PanelKind::Warning,
        BlockQuoteKind::Caution => PanelKind::Error,
    }
}

fn alignment(alignment: md::Alignment) -> Alignment {
    match alignment {
        md::Alignment::None => Alignment::None,
        md::Alignment::Left => Alignment::Left,
        md::Alignment::Center => Alignment::Center,
        md::Alignment::Right => Alignment::Right,
    }
}
