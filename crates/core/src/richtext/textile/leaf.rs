//! Plain text: bare addresses, calls, abbreviations and footnotes in it, and characters by reference.

use super::signs::is_word;
use super::url;
use crate::richtext::html::entity::unescape;
use crate::richtext::inline::{Inline, Link, Marks, Mention, OpaqueInline, Script};
use crate::richtext::markdown::recognise::{self, Found};
use crate::richtext::model::Format;

/// The longest explanation of an abbreviation, in bytes.
const EXPLANATION_MAX_BYTES: usize = 500;
/// The longest login, in bytes (Redmine: `User::LOGIN_LENGTH_LIMIT`).
const LOGIN_MAX_BYTES: usize = 60;

/// The first bare address in a text: where it begins and ends, and its target. `from` is a byte offset.
pub(super) fn address(text: &str, from: usize) -> Option<(usize, usize, String)> {
    let mut from = from;
    while let Some((at, found)) = recognise::next(text, from, None, false) {
        let Found::Url { end, url } = found else {
            return None;
        };
        if url::link(&url, &[]).as_deref() == Some(url.as_str()) {
            return Some((at, end, url));
        }
        from = end;
    }
    None
}

/// Appends what a plain text says. In the shown form nothing is opaque.
pub(super) fn push(text: &str, marks: &Marks, shown: bool, out: &mut Vec<Inline>) {
    if marks.link.is_some() {
        out.push(Inline::marked(unescape(text), marks.clone()));
        return;
    }
    let mut from = 0;
    while let Some((start, end, url)) = address(text, from) {
        words(&text[from..start], marks, shown, out);
        let linked = Marks {
            link: Some(Link::to(url::plain(&url))),
            ..marks.clone()
        };
        out.push(Inline::marked(&text[start..end], linked));
        from = end;
    }
    words(&text[from..], marks, shown, out);
}

fn words(text: &str, marks: &Marks, shown: bool, out: &mut Vec<Inline>) {
    let mut from = 0;
    let mut at = 0;
    while let Some(next) = text[at..].find(['@', '(', '[']) {
        at += next;
        let found = match text.as_bytes()[at] {
            b'@' => call(text, from, at),
            b'(' => abbreviation(text, from, at),
            _ => footnote(text, from, at),
        };
        match found {
            Some((start, end, inline)) => {
                plain(&text[from..start], marks, out);
                match inline {
                    Inline::Opaque(opaque) if shown => out.extend(opaque.shown),
                    inline => out.push(inline),
                }
                (from, at) = (end, end);
            }
            None => at += 1,
        }
    }
    plain(&text[from..], marks, out);
}

fn plain(text: &str, marks: &Marks, out: &mut Vec<Inline>) {
    if !text.is_empty() {
        out.push(Inline::marked(unescape(text), marks.clone()));
    }
}

type Piece = (usize, usize, Inline);

/// `@login`.
fn call(text: &str, from: usize, at: usize) -> Option<Piece> {
    let before = text[from..at].chars().next_back();
    if !calls_after(before) {
        return None;
    }
    let login = login(&text[at + 1..])?;
    let mention = Mention {
        format: Format::Textile,
        id: login.to_owned(),
        label: login.to_owned(),
    };
    Some((at, at + 1 + login.len(), Inline::Mention(mention)))
}

/// Whether `@` calls somebody behind a character; `None` is a line's start.
pub(super) fn calls_after(before: Option<char>) -> bool {
    before.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '[' | ',' | '-' | '>'))
}

/// Whether a character may stand in a login.
pub(super) const fn is_of_login(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@')
}

/// The login that a text begins with (Redmine: letters, digits, `_`, `-`, `.` and `@`). One that goes on beyond the longest
/// is none, and is not looked at further: of `@a@a@a…` every `@` begins one.
pub(super) fn login(text: &str) -> Option<&str> {
    let window = text.bytes().take(LOGIN_MAX_BYTES + 1);
    let end = window.take_while(|b| is_of_login(char::from(*b))).count();
    if end > LOGIN_MAX_BYTES {
        return None;
    }
    let login = text[..end].trim_end_matches(['-', '.', '@']);
    let begins = login.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    begins.then_some(login)
}

/// Where the capital letters begin that a text ends with, if they are a word that an explanation may follow.
pub(super) fn capitals(text: &str) -> Option<usize> {
    let word = text.trim_end_matches(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit());
    let letters = &text[word.len()..];
    let fits = letters.len() >= 2 && letters.starts_with(|c: char| c.is_ascii_uppercase());
    (fits && !word.ends_with(is_word)).then_some(word.len())
}

/// `ABC(explained)`.
fn abbreviation(text: &str, from: usize, at: usize) -> Option<Piece> {
    let start = from + capitals(&text[from..at])?;
    let window = text[at..].bytes().take(EXPLANATION_MAX_BYTES);
    let end = at + window.into_iter().position(|b| b == b')')? + 1;
    let raw = &text[start..end];
    Some((start, end, opaque(raw, vec![Inline::text(unescape(raw))])))
}

/// `word[1]`.
fn footnote(text: &str, from: usize, at: usize) -> Option<Piece> {
    let digits = text[at + 1..].bytes().take(9);
    let digits = digits.take_while(u8::is_ascii_digit).count();
    let end = at + 1 + digits;
    if digits == 0 || !text[end..].starts_with(']') {
        return None;
    }
    let word = text[from..at].trim_end_matches(is_word).len();
    let start = from + word;
    if start == at {
        return None;
    }
    let number = Marks {
        script: Some(Script::Super),
        ..Marks::default()
    };
    let shown = vec![
        Inline::text(&text[start..at]),
        Inline::marked(&text[at + 1..end], number),
    ];
    Some((start, end + 1, opaque(&text[start..=end], shown)))
}

fn opaque(raw: &str, shown: Vec<Inline>) -> Inline {
    Inline::Opaque(OpaqueInline {
        format: Format::Textile,
        raw: raw.to_owned(),
        shown,
    })
}
