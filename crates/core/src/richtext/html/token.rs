//! Tags, texts and comments, as they follow each other.

use super::entity::unescape;
use super::names;

/// Attributes of one element that are kept; no editor writes so many.
const ATTRIBUTES_MAX: usize = 64;

/// A piece of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    /// `<name …>`
    Open {
        /// In small letters.
        name: String,
        attributes: Vec<(String, String)>,
    },
    /// `</name>`
    Close { name: String },
    /// What stands between tags, its references read.
    Text(String),
    /// A comment, or what else is not shown.
    Comment,
}

/// A piece, and where it stands in the text, in bytes.
#[derive(Debug, PartialEq)]
pub(super) struct Token {
    pub(super) piece: Piece,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Reads a text piece by piece.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// The element whose content, up to its end tag, is no HTML.
    raw: Option<String>,
}

impl<'a> Tokens<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            raw: None,
        }
    }

    fn token(&mut self, piece: Piece, end: usize) -> Token {
        let start = self.at;
        self.at = end;
        Token { piece, start, end }
    }

    /// The content of an element that is no HTML; `None` where it is empty.
    fn raw_text(&mut self, name: &str) -> Option<Token> {
        let rest = &self.text[self.at..];
        let end = find_end_tag(rest, name).unwrap_or(rest.len());
        let text = rest[..end].to_owned();
        (end > 0).then(|| self.token(Piece::Text(text), self.at + end))
    }

    fn comment(&mut self) -> Token {
        let rest = &self.text[self.at..];
        let length = match rest.strip_prefix("<!--") {
            Some(inside) => inside.find("-->").map(|at| at + 7),
            None => rest.find('>').map(|at| at + 1),
        };
        let end = self.at + length.unwrap_or(rest.len());
        self.token(Piece::Comment, end)
    }

    /// The tag that begins here. One that does not end is text, with all that follows: so nothing is looked at twice.
    fn tag(&mut self) -> Token {
        let rest = &self.text[self.at..];
        let closes = rest.starts_with("</");
        let mut reader = Attributes {
            text: rest,
            at: if closes { 2 } else { 1 },
        };
        let name = reader.name().to_ascii_lowercase();
        let Some(attributes) = reader.all() else {
            let text = unescape(rest);
            return self.token(Piece::Text(text), self.text.len());
        };
        let end = self.at + reader.at;
        if closes {
            return self.token(Piece::Close { name }, end);
        }
        if names::is_raw(&name) {
            self.raw = Some(name.clone());
        }
        self.token(Piece::Open { name, attributes }, end)
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if let Some(name) = self.raw.take()
            && let Some(token) = self.raw_text(&name)
        {
            return Some(token);
        }
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        match markup(rest) {
            Some((0, true)) => Some(self.tag()),
            Some((0, false)) => Some(self.comment()),
            found => {
                let length = found.map_or(rest.len(), |(at, _)| at);
                let text = unescape(&rest[..length]);
                Some(self.token(Piece::Text(text), self.at + length))
            }
        }
    }
}

/// Where the next markup begins, and whether it is a tag. A `<` before anything else is text.
fn markup(text: &str) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = text[from..].find('<').map(|found| from + found) {
        let letter = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_alphabetic);
        match bytes.get(at + 1) {
            Some(b'!' | b'?') => return Some((at, false)),
            Some(b'/') if letter(at + 2) => return Some((at, true)),
            Some(_) if letter(at + 1) => return Some((at, true)),
            _ => from = at + 1,
        }
    }
    None
}

fn find_end_tag(text: &str, name: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].find("</").map(|found| from + found) {
        let after = &text.as_bytes()[at + 2..];
        if after.len() >= name.len() && after[..name.len()].eq_ignore_ascii_case(name.as_bytes()) {
            return Some(at);
        }
        from = at + 2;
    }
    None
}

/// Reads a tag behind its `<`.
struct Attributes<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Attributes<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What stands here up to one of some bytes, all of them ASCII.
    fn until(&mut self, ends: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.bytes().position(ends).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn skip(&mut self, of: impl Fn(u8) -> bool) {
        self.until(|byte| !byte.is_ascii() || !of(byte));
    }

    fn name(&mut self) -> &'a str {
        self.until(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'))
    }

    /// All attributes, of equal ones the first, and beyond the tag's end; `None` when it has none.
    fn all(&mut self) -> Option<Vec<(String, String)>> {
        let mut found: Vec<(String, String)> = Vec::new();
        loop {
            self.skip(|byte| byte.is_ascii_whitespace() || byte == b'/');
            if self.peek()? == b'>' {
                self.at += 1;
                return Some(found);
            }
            let begins = self.at;
            // An equals sign at the start is part of the name.
            self.at += self.text[self.at..].chars().next()?.len_utf8();
            self.until(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'='));
            let name = self.text[begins..self.at].to_ascii_lowercase();
            self.skip(|byte| byte.is_ascii_whitespace());
            let value = if self.peek() == Some(b'=') {
                self.at += 1;
                self.skip(|byte| byte.is_ascii_whitespace());
                self.value()?
            } else {
                String::new()
            };
            let room = found.len() < ATTRIBUTES_MAX;
            if room && !found.iter().any(|(known, _)| *known == name) {
                found.push((name, value));
            }
        }
    }

    fn value(&mut self) -> Option<String> {
        let quote = self.peek()?;
        if !matches!(quote, b'"' | b'\'') {
            let bare = self.until(|byte| byte.is_ascii_whitespace() || byte == b'>');
            return Some(unescape(bare));
        }
        self.at += 1;
        let value = self.until(|byte| byte == quote);
        self.peek()?;
        self.at += 1;
        Some(unescape(value))
    }
}
