//! Classes, styles, languages and alignments that stand before a text.

use std::collections::BTreeMap;

/// The longest class, style or language that is looked at, in bytes: longer ones are text.
const MAX_BYTES: usize = 400;

/// The length in bytes of the classes (`(class#id)`), styles (`{style}`) and languages (`[lang]`) that a text begins with.
pub(super) fn length(text: &str) -> usize {
    let mut at = 0;
    for _ in 0..3 {
        match one(&text[at..]) {
            Some(length) => at += length,
            None => break,
        }
    }
    at
}

fn one(text: &str) -> Option<usize> {
    let (close, fits): (char, fn(char) -> bool) = match text.chars().next()? {
        '(' => (')', |c| c != '"' && c != '\n'),
        '{' => ('}', |c| c != '"' && c != '{' && c != '\n'),
        '[' => (']', |c| c.is_ascii_lowercase() || c == '-' || c == '_'),
        _ => return None,
    };
    let end = text
        .bytes()
        .take(MAX_BYTES)
        .position(|b| b == close as u8)?;
    let inside = &text[1..end];
    (!inside.is_empty() && inside.chars().all(fits)).then_some(end + 1)
}

/// The length in bytes of attributes and alignments up to the full stop behind them, which is not counted.
pub(super) fn until_stop(text: &str) -> Option<usize> {
    let mut at = 0;
    while at <= MAX_BYTES {
        let rest = &text[at..];
        match rest.chars().next()? {
            '.' => return Some(at),
            '(' | '{' | '[' if one(rest).is_some() => at += one(rest)?,
            '<' | '>' | '=' | '(' | ')' | '-' | '^' | '~' => at += 1,
            _ => return None,
        }
    }
    None
}

/// The declarations of attributes that are a style and nothing else: `{color:red;width:3px}`.
pub(super) fn style(attributes: &str) -> Option<BTreeMap<&str, &str>> {
    let inside = attributes.strip_prefix('{')?.strip_suffix('}')?;
    let mut found = BTreeMap::new();
    for part in inside.split(';').filter(|part| !part.trim().is_empty()) {
        let (name, value) = part.split_once(':')?;
        found.insert(name.trim(), value.trim());
    }
    Some(found)
}

/// A beginning of a block: `h1.`, `p(class).`, `bq.`, `fn1.`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) kind: Kind,
    /// Whether it says more than what the block is.
    pub(super) has_attributes: bool,
    /// Its length in bytes, with the space behind it.
    pub(super) length: usize,
}

/// What a prefix says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Paragraph,
    Heading(u8),
    Quote,
    Footnote(u32),
}

/// The prefix that a line begins with.
pub(super) fn prefix(line: &str) -> Option<Prefix> {
    let letters = line.bytes().take(3).take_while(u8::is_ascii_lowercase);
    let letters = letters.count();
    let digits = line.bytes().skip(letters).take(7);
    let digits = digits.take_while(u8::is_ascii_digit).count();
    let (name, number) = (&line[..letters], &line[letters..letters + digits]);
    let kind = match (name, number.parse().ok()) {
        ("p", None) => Kind::Paragraph,
        ("bq", None) => Kind::Quote,
        ("h", Some(level @ 1..=6)) => Kind::Heading(u8::try_from(level).ok()?),
        ("fn", Some(number)) => Kind::Footnote(number),
        _ => return None,
    };
    let from = letters + digits;
    let attributes = until_stop(&line[from..])?;
    let mut at = from + attributes + 1;
    let mut has_attributes = attributes > 0;
    if line[at..].starts_with(':') {
        at += line[at..].find(' ')?;
        has_attributes = true;
    }
    let length = at + 1;
    (line[at..].starts_with(' ')).then_some(Prefix {
        kind,
        has_attributes,
        length,
    })
}
