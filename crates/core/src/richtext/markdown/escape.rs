//! Escapes texts so that they are read as text.

use super::lower_line::Place;
use super::{html, recognise};

/// Where a text stands, as far as escaping depends on it.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) place: Place,
    /// Whether it begins a line.
    pub(super) line_start: bool,
    /// The character before it in the line as it is shown.
    pub(super) before: Option<char>,
    /// Whether `@login` calls a person, and so must be kept from it.
    pub(super) mentions: bool,
}

/// A text in which nothing means anything.
pub(super) fn text(text: &str, context: Context) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut previous = context.before;
    let first_plain = if context.line_start {
        starter(text)
    } else {
        None
    };
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let next = rest.chars().next();
        let special = match c {
            '\\' | '`' | '*' | '[' | ']' | '~' => true,
            '|' => context.place == Place::Cell || (context.line_start && at == 0),
            // Inside a word it means nothing; at the start of a run a delimiter may stand before it.
            '_' => {
                let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                at == 0 || !word(previous) || !word(next)
            }
            // A tag, or an address between angle brackets: many signs may begin one of e-mail.
            '<' => next.is_none_or(|c| c.is_ascii_graphic()),
            '&' => begins_entity(rest),
            '!' => next.is_none(),
            '#' => context.place == Place::Heading && previous.is_none_or(|c| c == ' ' || c == '#'),
            ':' => rest.starts_with("//"),
            '.' => ends_with_www(&text[..at]),
            _ => false,
        };
        if special || first_plain == Some(at) {
            out.push('\\');
        }
        out.push(c);
        if c == '@' && context.mentions && might_call(text[..at].chars().next_back(), next) {
            out.push_str(html::CALLS_NOBODY);
        }
        previous = Some(c);
    }
    out
}

/// Whether an `@` between these characters of one text may call a person. Wider than what is recognised when a text is
/// read: to call a stranger is worse than to write a comment that nobody sees.
fn might_call(before: Option<char>, next: Option<char>) -> bool {
    let in_word = before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    !in_word && next.is_some_and(|c| c.is_ascii_alphanumeric())
}

/// The position of the character at the start of a line that would begin a block.
fn starter(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if "#>-+=:|_".contains(first) {
        return Some(0);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let after = text.as_bytes().get(digits);
    (digits > 0 && matches!(after, Some(b'.' | b')'))).then_some(digits)
}

fn ends_with_www(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 3 && bytes[bytes.len() - 3..].eq_ignore_ascii_case(b"www")
}

/// Whether what follows an `&` may make it an entity.
fn begins_entity(rest: &str) -> bool {
    let name = rest
        .bytes()
        .take(40)
        .position(|b| !b.is_ascii_alphanumeric() && b != b'#');
    name.is_some_and(|end| end > 0 && rest.as_bytes()[end] == b';')
}

/// The address of a link or image, in brackets where it needs them.
pub(super) fn url(url: &str, place: Place) -> String {
    let bare = !url.is_empty()
        && !url.contains(|c: char| c.is_whitespace() || c.is_control() || "()<>".contains(c));
    let mut out = String::with_capacity(url.len() + 2);
    for (at, c) in url.char_indices() {
        let special = match c {
            '\\' | '<' | '>' | '*' | '_' | '`' | '[' | ']' => true,
            '|' => place == Place::Cell,
            '&' => begins_entity(&url[at + 1..]),
            _ => false,
        };
        if special && (c != '_' || !bare) {
            out.push('\\');
        }
        out.push(c);
    }
    if bare { out } else { format!("<{out}>") }
}

/// The title of a link or image, with the space before it.
pub(super) fn title(title: Option<&str>, place: Place) -> String {
    let Some(title) = title else {
        return String::new();
    };
    let mut out = String::from(" \"");
    for (at, c) in title.char_indices() {
        let special = match c {
            '\\' | '"' => true,
            '|' => place == Place::Cell,
            '&' => begins_entity(&title[at + 1..]),
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// A code span, between more backticks than it has in a row.
pub(super) fn code(text: &str, place: Place) -> String {
    let fence = "`".repeat(longest_run(text, '`') + 1);
    let spaced = text.starts_with(' ') && text.ends_with(' ') && !text.trim_matches(' ').is_empty();
    let pad = if spaced || text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    let text = if place == Place::Cell {
        text.replace('|', "\\|")
    } else {
        text.to_owned()
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The greatest number of times that a character stands in a row.
pub(super) fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Whether an address can be written between angle brackets alone: read as itself and nothing more.
pub(super) fn is_autolink(url: &str) -> bool {
    let plain = url.starts_with("http://") || url.starts_with("https://");
    plain
        && recognise::next(url, 0, None, false).is_some()
        && !url.contains(|c: char| c.is_whitespace() || c.is_control() || "<>|\\&`".contains(c))
}
