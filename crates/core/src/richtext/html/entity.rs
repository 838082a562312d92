//! Characters by name and number, both ways.

use pulldown_cmark::{Event, Parser};

/// The longest reference that is looked at, in bytes: HTML's longest name has 31 letters.
const REFERENCE_MAX_BYTES: usize = 40;

/// What numbers 128 to 159 stand for in HTML: the characters of Windows-1252.
/// Source: the HTML standard, "numeric character reference end state".
const WINDOWS: [(u32, char); 27] = [
    (0x80, '€'),
    (0x82, '‚'),
    (0x83, 'ƒ'),
    (0x84, '„'),
    (0x85, '…'),
    (0x86, '†'),
    (0x87, '‡'),
    (0x88, 'ˆ'),
    (0x89, '‰'),
    (0x8a, 'Š'),
    (0x8b, '‹'),
    (0x8c, 'Œ'),
    (0x8e, 'Ž'),
    (0x91, '‘'),
    (0x92, '’'),
    (0x93, '“'),
    (0x94, '”'),
    (0x95, '•'),
    (0x96, '–'),
    (0x97, '—'),
    (0x98, '˜'),
    (0x99, '™'),
    (0x9a, 'š'),
    (0x9b, '›'),
    (0x9c, 'œ'),
    (0x9e, 'ž'),
    (0x9f, 'Ÿ'),
];

/// A text with its references read. What is no reference stays as it is.
pub(in crate::richtext) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match reference(rest) {
            Some((read, length)) => {
                out.push_str(&read);
                rest = &rest[length..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The reference that a text begins with: what it stands for, and its length in bytes.
fn reference(text: &str) -> Option<(String, usize)> {
    let window = text.bytes().take(REFERENCE_MAX_BYTES);
    let end = window.into_iter().position(|byte| byte == b';')?;
    let name = &text[1..end];
    let read = match name.strip_prefix('#') {
        Some(number) => numbered(number)?.to_string(),
        None => named(name)?,
    };
    Some((read, end + 1))
}

fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // Rust would read a sign before the digits, HTML does not.
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    let windows = WINDOWS.iter().find(|(known, _)| *known == code);
    match windows {
        Some((_, c)) => Some(*c),
        None => Some(char::from_u32(code).unwrap_or('\u{fffd}')),
    }
}

/// Markdown has HTML's names, all of them.
fn named(name: &str) -> Option<String> {
    match name {
        "amp" => return Some("&".to_owned()),
        "lt" => return Some("<".to_owned()),
        "gt" => return Some(">".to_owned()),
        "quot" => return Some("\"".to_owned()),
        "nbsp" => return Some("\u{a0}".to_owned()),
        _ => {}
    }
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let reference = format!("&{name};");
    let mut read = String::new();
    for event in Parser::new(&reference) {
        if let Event::Text(text) = event {
            read.push_str(&text);
        }
    }
    (read != reference && !read.is_empty()).then_some(read)
}

/// Writes a text for between tags.
pub(super) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{a0}' => out.push_str("&nbsp;"),
            c => out.push(c),
        }
    }
}

/// Writes ` name="value"`.
pub(super) fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("&quot;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out.push('"');
}
