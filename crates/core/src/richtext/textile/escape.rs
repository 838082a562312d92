//! Writes plain text so that no sign in it means anything. What is escaped needlessly is shown all the same.

use super::signs::{Signs, is_mark, is_word, opens_after};
use super::{attributes, decode, decode_list, leaf, rip};
use std::fmt::Write as _;

/// Where a text stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) signs: &'a Signs,
    /// In a cell of a table.
    pub(super) cell: bool,
    /// What is written of the line before it.
    pub(super) before: &'a str,
    /// The signs of the marks around it.
    pub(super) within: &'a [char],
    /// In a link.
    pub(super) linked: bool,
}

/// Writes a text of one line.
pub(super) fn text(text: &str, context: Context<'_>) -> String {
    let mut writer = Writer {
        context,
        out: String::with_capacity(text.len()),
        edge: !context.within.is_empty() || context.linked,
    };
    let mut at = 0;
    if context.before.is_empty() && !writer.edge && begins_block(text) {
        let first = text.chars().next().unwrap_or_default();
        writer.reference(first);
        at = first.len_utf8();
    }
    for (start, c) in text[at..].char_indices() {
        let start = at + start;
        let rest = &text[start + c.len_utf8()..];
        if writer.means(c, start == 0, rest) {
            writer.reference(c);
        } else {
            writer.out.push(c);
        }
    }
    let mut chars = text.chars();
    if writer.edge
        && let (Some(only), None) = (chars.next(), chars.next())
        && !is_word(only)
        && writer.out.chars().nth(1).is_none()
    {
        writer.out.clear();
        writer.reference(only);
    }
    writer.out
}

struct Writer<'a> {
    context: Context<'a>,
    out: String,
    /// Whether the text stands in marks or a link.
    edge: bool,
}

impl Writer<'_> {
    /// Writes a character by its number, the few that everybody knows by their names.
    fn reference(&mut self, c: char) {
        match c {
            '&' => self.out.push_str("&amp;"),
            '<' => self.out.push_str("&lt;"),
            '>' => self.out.push_str("&gt;"),
            '"' => self.out.push_str("&quot;"),
            c => write!(self.out, "&#{};", u32::from(c)).expect("a string takes all"),
        }
    }

    /// The character written before.
    fn before(&self) -> Option<char> {
        let own = self.out.chars().next_back();
        // In marks the inside begins anew.
        own.or_else(|| {
            self.context
                .before
                .chars()
                .next_back()
                .filter(|_| !self.edge)
        })
    }

    /// Whether a character may mean something where it stands.
    fn means(&self, c: char, first: bool, rest: &str) -> bool {
        let signs = self.context.signs;
        let before = self.before();
        let next = rest.chars().next();
        let spaced = next.is_some_and(char::is_whitespace);
        match c {
            c if self.context.within.contains(&c) => true,
            c if is_mark(c) => {
                let opens = opens_after(before) || before.is_some_and(is_mark);
                signs.has(c, 2) && opens && !spaced
            }
            '@' => {
                let inside = before.is_some_and(is_word) && next.is_some_and(is_word);
                !inside && (signs.has('@', 2) || !spaced)
            }
            '!' => {
                let opens = before.is_none_or(|c| c.is_whitespace() || c == '>');
                let picture = signs.has('!', 2) && opens && !spaced;
                picture || next.is_some_and(|c| matches!(c, '#' | '[' | '{'))
            }
            '"' => self.context.linked || next.is_none_or(|c| c == ':'),
            ':' if self.context.linked => first,
            ':' => {
                rest.starts_with("//")
                    && self.ends_with(&["http", "https"])
                    && begins_word(&rest[2..])
            }
            '.' => !self.context.linked && self.ends_with(&["www"]) && begins_word(rest),
            '(' | ')' if self.context.linked => true,
            '(' => (first && self.edge) || leaf::capitals(self.tail()).is_some(),
            '{' => (first && self.edge) || before == Some('{'),
            '[' => (first && self.edge) || before == Some('[') || self.is_footnote(rest),
            '&' => is_reference(rest),
            '<' => is_tag(rest),
            '=' => before == Some('=') && signs.has('=', 4),
            '|' => self.context.cell,
            _ => false,
        }
    }

    /// Whether a scheme is written before: an address that is no link would be read as one.
    fn ends_with(&self, schemes: &[&str]) -> bool {
        let before = self.tail().as_bytes();
        schemes.iter().any(|scheme| {
            let from = before.len().checked_sub(scheme.len());
            from.is_some_and(|from| before[from..].eq_ignore_ascii_case(scheme.as_bytes()))
        })
    }

    /// What is written of the word before.
    fn tail(&self) -> &str {
        if self.out.is_empty() && !self.edge {
            self.context.before
        } else {
            &self.out
        }
    }

    fn is_footnote(&self, rest: &str) -> bool {
        let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let has_number =
            behind.len() < rest.len() && (behind.is_empty() || behind.starts_with(']'));
        has_number && self.before().is_some_and(is_word)
    }
}

fn begins_word(text: &str) -> bool {
    text.starts_with(char::is_alphanumeric)
}

/// Whether what stands behind `&` makes it a reference.
fn is_reference(rest: &str) -> bool {
    let name = rest.bytes().take(40);
    let name = name
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'#')
        .count();
    name > 0 && rest[name..].starts_with(';')
}

/// Whether what stands behind `<` makes it a tag or a comment.
fn is_tag(rest: &str) -> bool {
    let name = rest.strip_prefix('/').unwrap_or(rest);
    let named = |tag: &str| {
        name.get(..tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag))
    };
    rest.starts_with('!') || rip::TAGS.iter().any(|tag| named(tag)) || name.starts_with("redpre")
}

/// Whether a text at a line's start would begin a block, or keep the line from being one of its own.
fn begins_block(text: &str) -> bool {
    let signs = text.trim_start_matches(['#', '*', '=']);
    let marker = signs.len() < text.len() && (signs.is_empty() || signs.starts_with(' '));
    text.starts_with(['>', '|', '{'])
        || marker
        || decode_list::is_item(text)
        || decode::is_rule(text)
        || attributes::prefix(text).is_some()
        || is_prefix_alone(text)
        || is_table(text)
}

/// Whether a text is a prefix that what follows would complete.
fn is_prefix_alone(text: &str) -> bool {
    attributes::prefix(&format!("{text} ")).is_some()
}

fn is_table(text: &str) -> bool {
    text.strip_prefix("table")
        .is_some_and(|rest| rest.starts_with(|c: char| !c.is_alphanumeric() && !c.is_whitespace()))
}
