//! The little of HTML that Markdown texts carry: tags for looks, line breaks, images.

use crate::richtext::inline::{Image, Inline, Marks, Script};

/// What an inline tag means.
pub(super) enum Tag {
    /// A line break.
    Break,
    /// The look begins.
    Open(Look),
    /// The look ends.
    Close(Look),
}

/// What keeps an `@` before a name from calling anybody.
///
/// GitHub looks for mentions in the text nodes of the rendered page, outside code and links: a backslash or an entity is
/// gone by then (github/markup#1168, github/cmark-gfm#181), and an invisible character would go along when the name is
/// copied. A comment ends the text node and is not shown. LLVM's mirror of Bugzilla and OpenJDK's bots write the same.
pub(super) const CALLS_NOBODY: &str = "<!-- -->";

/// A look that a tag without attributes gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Bold,
    Italic,
    Strike,
    Underline,
    Sub,
    Super,
}

impl Look {
    /// The tag's name as we write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bold => "strong",
            Self::Italic => "em",
            Self::Strike => "del",
            Self::Underline => "ins",
            Self::Sub => "sub",
            Self::Super => "sup",
        }
    }

    /// Adds the look to marks.
    pub(super) fn apply(self, marks: &mut Marks) {
        match self {
            Self::Bold => marks.bold = true,
            Self::Italic => marks.italic = true,
            Self::Strike => marks.strike = true,
            Self::Underline => marks.underline = true,
            Self::Sub => marks.script = Some(Script::Sub),
            Self::Super => marks.script = Some(Script::Super),
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "strong" | "b" => Self::Bold,
            "em" | "i" => Self::Italic,
            "del" | "s" | "strike" => Self::Strike,
            "ins" | "u" => Self::Underline,
            "sub" => Self::Sub,
            "sup" => Self::Super,
            _ => return None,
        })
    }
}

/// The meaning of one inline tag, if it is one that the tree can hold.
pub(super) fn tag(raw: &str) -> Option<Tag> {
    let inner = raw.strip_prefix('<')?.strip_suffix('>')?;
    if let Some(name) = inner.strip_prefix('/') {
        return Look::named(name.trim_end()).map(Tag::Close);
    }
    let name = inner.strip_suffix('/').unwrap_or(inner).trim_end();
    if name.eq_ignore_ascii_case("br") {
        return Some(Tag::Break);
    }
    Look::named(inner.trim_end()).map(Tag::Open)
}

/// What a reader without HTML should see of it: its text, its images, a break after each block.
pub(super) fn shown(raw: &str) -> Vec<Inline> {
    let mut out = Vec::new();
    let mut rest = raw;
    while let Some(open) = rest.find('<') {
        push_text(&mut out, &rest[..open]);
        rest = &rest[open..];
        let end = match rest.strip_prefix("<!--") {
            Some(comment) => comment.find("-->").map(|at| at + 7),
            None => rest.find('>').map(|at| at + 1),
        };
        let Some(end) = end else {
            // An unclosed comment shows nothing; an unclosed tag is text.
            if !rest.starts_with("<!--") {
                push_text(&mut out, rest);
            }
            return out;
        };
        let (element, after) = rest.split_at(end);
        rest = after;
        match name(element).as_str() {
            "img" => out.extend(image(element)),
            "br" | "hr" | "/p" | "/div" | "/li" | "/tr" | "/summary" | "/details" => {
                out.push(Inline::Break);
            }
            _ => {}
        }
    }
    push_text(&mut out, rest);
    out
}

fn name(element: &str) -> String {
    let inner = element.trim_start_matches('<').chars();
    inner
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '/')
        .collect::<String>()
        .to_ascii_lowercase()
}

fn push_text(out: &mut Vec<Inline>, text: &str) {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.is_empty() {
        out.push(Inline::text(unescape(&text)));
    }
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&nbsp;", "\u{a0}").replace("&amp;", "&")
}

fn image(element: &str) -> Option<Inline> {
    let url = attribute(element, "src").filter(|url| !url.is_empty())?;
    Some(Inline::Image(Image {
        url,
        alt: attribute(element, "alt").unwrap_or_default(),
        ..Image::default()
    }))
}

/// An attribute's value, in quotes or bare.
fn attribute(element: &str, wanted: &str) -> Option<String> {
    let mut rest = element;
    while let Some(equals) = rest.find('=') {
        let key = rest[..equals].trim_end();
        let key = key.rsplit(|c: char| c.is_whitespace() || "\"'".contains(c));
        let key = key.into_iter().next().unwrap_or("");
        let value = rest[equals + 1..].trim_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote)?,
            _ => {
                let end = value.find(|c: char| c.is_whitespace() || c == '>');
                value.split_at(end.unwrap_or(value.len()))
            }
        };
        if key.eq_ignore_ascii_case(wanted) {
            return Some(unescape(value));
        }
        rest = after;
    }
    None
}
