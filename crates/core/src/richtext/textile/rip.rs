//! Takes out of a text what no other sign reaches into: code, literal text, macros, comments.
//!
//! Redmine's formatter does the same first. Each is replaced by a place: two characters that no text has, around the number
//! of the region.

use crate::richtext::canonical::clean;

/// The longest arguments of a macro, in characters.
const ARGUMENTS_MAX_CHARS: usize = 1_000;

/// Begins a place. Not a character of XML, so that no cleaned text has it.
pub(super) const OPEN: char = '\u{ffff}';
/// Ends a place.
pub(super) const CLOSE: char = '\u{fffe}';

/// What was taken out.
#[derive(Clone, Debug)]
pub(super) struct Region {
    /// As it stands in the text, closed if it was not.
    pub(super) raw: String,
    pub(super) what: What,
}

/// What a region is.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// Preformatted text; with attributes that the tree has no place for or not.
    Block {
        language: Option<String>,
        text: String,
        foreign: bool,
    },
    /// Code in a line.
    Code(String),
    /// Text without signs.
    Literal(String),
    /// The name of a key.
    Key(String),
    /// A macro with the text in it, if it has lines of its own.
    Macro(Option<String>),
    Comment,
    /// A line's own: see `decode_line`.
    Inline(crate::richtext::inline::Inline),
}

/// A text with places, and the regions.
#[derive(Clone, Debug, Default)]
pub(super) struct Ripped {
    pub(super) text: String,
    pub(super) regions: Vec<Region>,
}

impl Ripped {
    /// Puts a place for a region.
    pub(super) fn push(&mut self, region: Region) {
        place(self.regions.len(), &mut self.text);
        self.regions.push(region);
    }
}

/// Writes the place of a region.
pub(super) fn place(number: usize, out: &mut String) {
    out.push(OPEN);
    out.push_str(&number.to_string());
    out.push(CLOSE);
}

/// The region whose place a text begins with, and the length of the place in bytes.
pub(super) fn at_place(text: &str) -> Option<(usize, usize)> {
    let inside = text.strip_prefix(OPEN)?;
    let end = inside.find(CLOSE)?;
    let number = inside[..end].parse().ok()?;
    Some((number, OPEN.len_utf8() + end + CLOSE.len_utf8()))
}

/// A text with its regions put back as `write` has them.
pub(super) fn restore(text: &str, raw: impl Fn(usize) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match at_place(rest) {
            Some((number, length)) => {
                out.push_str(&raw(number));
                rest = &rest[length..];
            }
            None => rest = &rest[OPEN.len_utf8()..],
        }
    }
    out.push_str(rest);
    out
}

/// The tags whose content no sign reaches into.
pub(super) const TAGS: [&str; 4] = ["pre", "code", "kbd", "notextile"];

/// The tag that a text begins with, as one of [`TAGS`], opening or closing: `<pre`, `</pre`.
pub(super) fn tag(text: &str) -> Option<&'static str> {
    let inside = text.strip_prefix('<')?;
    let inside = inside.strip_prefix('/').unwrap_or(inside);
    TAGS.into_iter().find(|name| {
        let begins = inside
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name));
        begins && !inside[name.len()..].starts_with(super::signs::is_word)
    })
}

/// Takes the regions out of a text. No place is left in what is cleaned.
pub(super) fn rip(text: &str) -> Ripped {
    let text = clean(text);
    let mut ripper = Ripper {
        lower: text.to_ascii_lowercase(),
        text: &text,
        no_end_of_tag: false,
        no_end_of_comment: false,
        no_end_of_macro: false,
    };
    let mut out = Ripped::default();
    let mut from = 0;
    let mut at = 0;
    while let Some(next) = text[at..].find(['<', '{']) {
        at += next;
        match ripper.region(at) {
            Some((region, length)) => {
                out.text.push_str(&text[from..at]);
                out.push(region);
                at += length;
                from = at;
            }
            None => at += 1,
        }
    }
    out.text.push_str(&text[from..]);
    out
}

struct Ripper<'a> {
    text: &'a str,
    /// The same with ASCII letters in lower case.
    lower: String,
    no_end_of_tag: bool,
    no_end_of_comment: bool,
    no_end_of_macro: bool,
}

impl Ripper<'_> {
    /// The region that begins at a position, and its length in bytes.
    fn region(&mut self, at: usize) -> Option<(Region, usize)> {
        let here = &self.text[at..];
        if here.starts_with("<!--") {
            return self.comment(here);
        }
        if here.starts_with("{{") {
            return self.expansion(at);
        }
        if here.starts_with("</") {
            return None;
        }
        let name = tag(here)?;
        self.tagged(at, name)
    }

    fn comment(&mut self, here: &str) -> Option<(Region, usize)> {
        if self.no_end_of_comment {
            return None;
        }
        let Some(end) = here[4..].find("-->") else {
            self.no_end_of_comment = true;
            return None;
        };
        let length = 4 + end + 3;
        Some((
            Region {
                raw: here[..length].to_owned(),
                what: What::Comment,
            },
            length,
        ))
    }

    /// A macro: `{{name}}`, `{{name(arguments)}}`, or with lines of its own before the closing braces.
    fn expansion(&mut self, at: usize) -> Option<(Region, usize)> {
        let here = &self.text[at..];
        if self.text[..at].ends_with('!') {
            return None;
        }
        let name = here[2..].bytes().take(64);
        let name = name
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        if name == 0 {
            return None;
        }
        let mut end = 2 + name;
        if here[end..].starts_with('(') {
            let window = here[end..].char_indices().take(ARGUMENTS_MAX_CHARS);
            let line = window.take_while(|(_, c)| *c != '\n');
            let last = line.filter(|(_, c)| *c == ')').map(|(at, _)| at).last();
            end += last? + 1;
        }
        if here[end..].starts_with("}}") {
            return Some((expanded(&here[..end + 2], None), end + 2));
        }
        if !here[end..].starts_with('\n') || self.no_end_of_macro {
            return None;
        }
        let Some(length) = here[end..].find("\n}}") else {
            self.no_end_of_macro = true;
            return None;
        };
        let body = here[end..end + length].trim_matches('\n');
        let whole = end + length + 3;
        Some((expanded(&here[..whole], Some(body)), whole))
    }

    fn tagged(&mut self, at: usize, name: &'static str) -> Option<(Region, usize)> {
        let here = &self.text[at..];
        if self.no_end_of_tag {
            return None;
        }
        let Some(opened) = here.find('>') else {
            self.no_end_of_tag = true;
            return None;
        };
        let attributes = here[1 + name.len()..opened].trim();
        let from = opened + 1;
        let closing = format!("</{name}");
        let (inside, length, raw) = match self.closing(at + from, &closing) {
            Some((start, end)) => {
                let (inside, length) = (&self.text[at + from..start], end - at);
                (inside, length, here[..length].to_owned())
            }
            None => (&here[from..], here.len(), format!("{here}{closing}>")),
        };
        let what = match name {
            "pre" => block(inside, attributes),
            "code" if inside.contains('\n') => What::Block {
                language: None,
                text: trimmed(inside).to_owned(),
                foreign: true,
            },
            "code" => What::Code(inside.to_owned()),
            "kbd" => What::Key(inside.replace('\n', " ")),
            _ => What::Literal(inside.to_owned()),
        };
        Some((Region { raw, what }, length))
    }

    /// Where a closing tag begins and ends behind a position.
    fn closing(&self, from: usize, closing: &str) -> Option<(usize, usize)> {
        let mut at = from;
        loop {
            let start = at + self.lower[at..].find(closing)?;
            let behind = start + closing.len();
            match self.text[behind..].chars().next() {
                Some(c) if super::signs::is_word(c) => at = behind,
                _ => {
                    let end = self.text[behind..].find('>')?;
                    return Some((start, behind + end + 1));
                }
            }
        }
    }
}

fn expanded(raw: &str, body: Option<&str>) -> Region {
    Region {
        raw: raw.to_owned(),
        what: What::Macro(body.map(str::to_owned)),
    }
}

/// Preformatted text, with a language in `<code class="…">`.
fn block(inside: &str, attributes: &str) -> What {
    let plain = |text: &str, foreign| What::Block {
        language: None,
        text: trimmed(text).to_owned(),
        foreign,
    };
    let within = inside.trim();
    let is_code = tag(within) == Some("code") && !within.starts_with("</");
    let Some(opened) = within.find('>').filter(|_| is_code) else {
        return plain(inside, !attributes.is_empty());
    };
    let lower = within.to_ascii_lowercase();
    let Some(end) = lower
        .rfind("</code")
        .filter(|end| *end > opened && lower[*end..].len() <= "</code>".len())
    else {
        return plain(inside, true);
    };
    let text = trimmed(&within[opened + 1..end]);
    let said = within["<code".len()..opened].trim();
    let language = said
        .strip_prefix("class=")
        .and_then(|class| {
            let quote = class.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            class.strip_prefix(quote)?.strip_suffix(quote)
        })
        .filter(|class| is_language(class));
    What::Block {
        language: language.map(str::to_owned),
        text: text.to_owned(),
        foreign: !attributes.is_empty() || (language.is_none() && !said.is_empty()),
    }
}

/// Whether a text can stand as the name of a language.
pub(super) fn is_language(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"+#._-".contains(&b);
    !text.is_empty() && text.bytes().all(fits)
}

/// Without the line feed behind the opening tag and that before the closing one.
fn trimmed(text: &str) -> &str {
    let text = text.strip_prefix('\n').unwrap_or(text);
    text.strip_suffix('\n').unwrap_or(text)
}

/// Whether a text holds a tag that would end or begin a region.
pub(super) fn has_tag(text: &str) -> bool {
    let mut tags = text.match_indices('<');
    tags.any(|(at, _)| tag(&text[at..]).is_some())
}
