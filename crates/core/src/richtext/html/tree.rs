//! Elements in each other: what is not closed is closed where the next one says so.
//!
//! Not the whole of the standard's parser: what belongs to a wrongly nested look is closed with it, and an element that is
//! not known closes nothing around it and is closed by nothing inside it, so that it is the same wherever it stands.

use super::names;
use super::token::{Piece, Token, Tokens};

/// How many elements may be open at once.
const OPEN_MAX: usize = 128;

/// The sections of a table, of which one is open at a time.
const TABLE_SECTIONS: [&str; 3] = ["thead", "tbody", "tfoot"];

/// What stands in an element.
#[derive(Debug)]
pub(super) enum Node {
    Element(Element),
    Text(String),
    /// A comment; where it stands in the text.
    Comment(usize, usize),
}

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
    /// Whether it is a block, or has one in it.
    pub(super) is_block: bool,
    /// Whether its end tag is there, or it needs none.
    pub(super) is_closed: bool,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Element {
    /// An attribute's value.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All text in it.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        collect(&self.children, &mut out);
        out
    }
}

fn collect(nodes: &[Node], out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Element(element) if element.name == "br" => out.push('\n'),
            Node::Element(element) => collect(&element.children, out),
            Node::Comment(..) => {}
        }
    }
}

impl Node {
    pub(super) const fn is_block(&self) -> bool {
        matches!(self, Self::Element(element) if element.is_block)
    }
}

/// Reads a text.
pub(super) fn parse(text: &str) -> Vec<Node> {
    let mut builder = Builder::default();
    for token in Tokens::new(text) {
        builder.take(token);
    }
    builder.close_from(0, text.len());
    builder.roots
}

#[derive(Default)]
struct Builder {
    roots: Vec<Node>,
    open: Vec<Element>,
    /// The names of elements beyond the limit: their content stands in the last one that is open.
    beyond: Vec<String>,
}

impl Builder {
    fn take(&mut self, token: Token) {
        let Token { piece, start, end } = token;
        match piece {
            Piece::Text(text) => self.put(Node::Text(text)),
            Piece::Comment => self.put(Node::Comment(start, end)),
            Piece::Close { name } => self.close(&name, start, end),
            Piece::Open { name, attributes } => {
                self.make_room(&name, start);
                let element = Element {
                    is_block: names::is_block(&name),
                    is_closed: names::is_void(&name),
                    name,
                    attributes,
                    children: Vec::new(),
                    start,
                    end,
                };
                if element.is_closed {
                    self.put(Node::Element(element));
                } else if self.open.len() >= OPEN_MAX {
                    self.beyond.push(element.name);
                } else {
                    self.open.push(element);
                }
            }
        }
    }

    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(parent) => {
                parent.is_block |= node.is_block();
                parent.children.push(node);
            }
            None => self.roots.push(node),
        }
    }

    /// Closes all open elements from one on, that one included.
    fn close_from(&mut self, depth: usize, end: usize) {
        while self.open.len() > depth {
            if let Some(mut element) = self.open.pop() {
                element.end = if element.is_closed { element.end } else { end };
                self.put(Node::Element(element));
            }
        }
        self.beyond.clear();
    }

    /// The innermost open element of these names, looking outwards no further than `passes` allows.
    fn find(&self, wanted: &[&str], passes: impl Fn(&str) -> bool) -> Option<usize> {
        for (depth, element) in self.open.iter().enumerate().rev() {
            if wanted.contains(&element.name.as_str()) {
                return Some(depth);
            }
            if !passes(&element.name) {
                return None;
            }
        }
        None
    }

    /// Closes what cannot stand around a new element.
    fn make_room(&mut self, name: &str, at: usize) {
        let in_item = |open: &str| {
            names::is_of_a_line(open)
                || matches!(open, "p" | "div")
                || names::heading(open).is_some()
        };
        let in_table = |open: &str| names::is_known(open) && open != "table";
        let ends = match name {
            "li" => self.find(&["li"], in_item),
            "td" | "th" => self.find(&["td", "th"], |open| in_table(open) && open != "tr"),
            "tr" => self.find(&["tr"], in_table),
            _ if TABLE_SECTIONS.contains(&name) => self.find(&TABLE_SECTIONS, in_table),
            "a" => self.find(&["a"], names::is_of_a_line),
            _ if names::heading(name).is_some() => self.find(
                &["p", "h1", "h2", "h3", "h4", "h5", "h6"],
                names::is_of_a_line,
            ),
            _ if names::is_block(name) => self.find(&["p"], names::is_of_a_line),
            _ => None,
        };
        if let Some(depth) = ends {
            self.close_from(depth, at);
        }
    }

    fn close(&mut self, name: &str, start: usize, end: usize) {
        if names::is_void(name) {
            return;
        }
        if !self.beyond.is_empty() {
            // They were opened last, and nothing before them is closed while they are not.
            let depth = self.beyond.iter().rposition(|open| open == name);
            self.beyond.truncate(depth.unwrap_or(self.beyond.len()));
            return;
        }
        let passes = |open: &str| {
            names::is_known(open)
                && (!names::is_of_a_table(open) || names::is_of_a_table(name))
                && (name != "li" || !matches!(open, "ul" | "ol"))
                && (name == "table" || open != "table")
        };
        if let Some(depth) = self.find(&[name], passes) {
            self.close_from(depth + 1, start);
            if let Some(element) = self.open.last_mut() {
                element.is_closed = true;
                element.end = end;
            }
            self.close_from(depth, end);
        }
    }
}
