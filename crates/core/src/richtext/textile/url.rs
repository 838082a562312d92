//! Addresses, as Redmine finds their ends.

use super::rip::{CLOSE, OPEN};
use super::signs::{is_mark, is_word};
use std::fmt::Write as _;

/// The longest address, in characters: a longer one is text.
const MAX_CHARS: usize = 4_000;
/// The longest scheme, in bytes.
const MAX_SCHEME_BYTES: usize = 32;
/// The schemes that Redmine makes no link of.
const UNSAFE: [&str; 3] = ["javascript", "data", "vbscript"];
/// The schemes from which Redmine shows a picture.
const PICTURES: [&str; 3] = ["http", "https", "ftp"];

/// The address that a text begins with, behind `":`, and its length in bytes. Punctuation at its end belongs to the sentence.
pub(super) fn read(text: &str) -> Option<(&str, usize)> {
    if !begins(text) {
        return None;
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | OPEN | CLOSE);
    let mut window = text.char_indices().take(MAX_CHARS + 1);
    let end = match window.find(|(_, c)| ends(*c)) {
        Some((end, _)) => end,
        None if text.len() <= 4 * MAX_CHARS && text.chars().count() <= MAX_CHARS => text.len(),
        None => return None,
    };
    let all = &text[..end];
    let belongs = |c: char| is_word(c) || matches!(c, '=' | '/' | ';' | '(' | ')' | '-');
    let mut url = all.trim_end_matches(|c| !belongs(c));
    if url.ends_with(')') && url.matches('(').count() < url.matches(')').count() {
        url = &url[..url.len() - 1];
    }
    is_address(url).then_some((url, url.len()))
}

/// Whether a text begins as an address does, looked at without looking for its end.
fn begins(text: &str) -> bool {
    let letters = text
        .bytes()
        .take(MAX_SCHEME_BYTES)
        .take_while(u8::is_ascii_alphabetic);
    let behind = &text[letters.count()..];
    text.starts_with(['/', 'w', 'W', 'm', 'M']) || behind.starts_with("://")
}

fn is_address(url: &str) -> bool {
    let rest = match (url.strip_prefix('/'), url.split_once("://")) {
        (Some(rest), _) => Some(rest),
        (None, Some((scheme, rest))) => {
            let letters = scheme.bytes().all(|b| b.is_ascii_alphabetic());
            let scheme = scheme.to_ascii_lowercase();
            let fits = letters && !scheme.is_empty() && !UNSAFE.contains(&scheme.as_str());
            fits.then_some(rest)
        }
        (None, None) => url
            .strip_prefix("www.")
            .or_else(|| url.strip_prefix("mailto:")),
    };
    let Some(rest) = rest else {
        return false;
    };
    let mut chars = rest.chars();
    chars.next().is_some_and(|c| is_word(c) || c == '/') && chars.next().is_some()
}

/// An address as it can be written for a link within marks of these signs, if it can. A fragment that is empty leads nowhere
/// else, and its sign at the end would not be read.
pub(super) fn link(url: &str, within: &[char]) -> Option<String> {
    let url = url.trim_end_matches('#');
    let mut out = String::with_capacity(url.len());
    let mut before = None;
    let mut chars = url.chars().peekable();
    while let Some(c) = chars.next() {
        // A sign of percent that is one already would become another with each reading.
        let encodes = c == '%' && chars.peek().is_some_and(char::is_ascii_alphanumeric);
        let marks = is_mark(c) && !encodes && (within.contains(&c) || before == Some('('));
        let inside = before.is_some_and(is_word) && chars.peek().is_some_and(|c| is_word(*c));
        let calls = c == '@' && !inside;
        if marks || calls || is_never(c) {
            encode(c, &mut out);
        } else {
            out.push(c);
        }
        before = Some(c);
    }
    let ends = |c: char| is_word(c) || matches!(c, '=' | '/' | ';');
    let balanced = out.ends_with(')') && out.matches('(').count() >= out.matches(')').count();
    if !balanced && let Some(last) = out.pop() {
        if ends(last) {
            out.push(last);
        } else {
            encode(last, &mut out);
        }
    }
    let read = read(&out).map(|(read, _)| read);
    (read == Some(out.as_str())).then_some(out)
}

/// An address without the encodings that mean the same as their characters (RFC 3986, section 6.2.2.2): so one that had to be
/// encoded to be written is read as it was.
pub(super) fn plain(url: &str) -> String {
    let mut out = url.to_owned();
    for (encoded, c) in [("%2D", "-"), ("%2E", "."), ("%5F", "_"), ("%7E", "~")] {
        if out.contains(encoded) {
            out = out.replace(encoded, c);
        }
    }
    out
}

/// The address of a picture as it can be written, if it can.
pub(super) fn picture(url: &str) -> Option<String> {
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        if is_never(c) || matches!(c, '(' | ')' | '!' | '@') {
            encode(c, &mut out);
        } else {
            out.push(c);
        }
    }
    if out.starts_with(['=', '.']) {
        return None;
    }
    is_picture(&out).then_some(out)
}

/// Whether Redmine shows a picture from an address: one without a scheme is a file of the item's own.
pub(super) fn is_picture(url: &str) -> bool {
    let place = url.split('?').next().unwrap_or_default();
    let scheme = place.split_once(':').map(|(scheme, _)| scheme);
    let safe = scheme.is_none_or(|scheme| {
        let scheme = scheme.to_ascii_lowercase();
        PICTURES.contains(&scheme.as_str())
    });
    safe && !url.is_empty()
}

/// Characters that end an address or mean something else.
fn is_never(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '<' | '>' | '|' | '[' | ']' | '{' | '}' | '\\' | '`' | OPEN | CLOSE
        )
}

fn encode(c: char, out: &mut String) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        write!(out, "%{byte:02X}").expect("a string takes all");
    }
}
