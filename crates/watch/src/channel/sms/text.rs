//! A page in the few characters of a text message: the gravest first, and a link that is never cut.

use super::super::page::{Content, Page};
use super::super::wording::{label, one_line, subject};

/// Messages that the text may take: longer ones are cut into parts by the network, each of which costs and may be lost.
const PARTS_MAX: usize = 3;
/// Characters of one part, in septets of GSM 03.38 and in units of UTF-16: as long as they are parts of several.
const PART_SEPTETS: usize = 153;
const PART_UNITS: usize = 67;

/// GSM 03.38's default alphabet, and its extension, whose characters take two septets.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "^{}\\[~]|€\u{c}";

/// `CRITICAL acme: commits fail (database:central). 12 affected. Ack: https://…`
pub(super) fn of(page: &Page) -> String {
    let mut told = format!("{}: {}", label(page), subject(&page.content));
    if let Some(others) = others(&page.content) {
        told.push_str(". ");
        told.push_str(&others);
    }
    let link = match (&page.acknowledge, &page.look) {
        (Some(link), _) => format!(" Ack: {link}"),
        (None, Some(link)) => format!(" {link}"),
        (None, None) => String::new(),
    };
    fit(&simple(&told), &link)
}

/// What else there is to know, as far as there is room.
fn others(content: &Content) -> Option<String> {
    match content {
        Content::Incident { matter, .. } => {
            let affected = &matter.affected;
            let named = affected.iter().map(|name| one_line(name));
            let named = named.collect::<Vec<_>>().join(", ");
            (!affected.is_empty()).then(|| format!("{} affected: {named}", affected.len()))
        }
        Content::Digest(digest) => {
            let rest = digest.matters().iter().skip(1);
            let rest = rest.map(|matter| {
                format!("{}: {}", matter.severity.word(), one_line(&matter.headline))
            });
            let rest = rest.collect::<Vec<_>>().join("; ");
            (!rest.is_empty()).then_some(rest)
        }
        Content::Proof | Content::Presence(_) => None,
    }
}

/// Typographic characters in their plain form: one of them would halve the room.
fn simple(text: &str) -> String {
    let mut simple = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '‘' | '’' | '‚' | '′' | '`' => simple.push('\''),
            '“' | '”' | '„' | '″' | '«' | '»' => simple.push('"'),
            '‐' | '‑' | '‒' | '–' | '—' | '−' => simple.push('-'),
            '…' => simple.push_str("..."),
            '→' | '⇒' => simple.push_str("->"),
            '•' | '·' => simple.push('*'),
            '\u{a0}' | '\u{202f}' => simple.push(' '),
            '\u{200b}' | '\u{ad}' => {}
            c => simple.push(c),
        }
    }
    simple
}

/// The text, shortened so that it and the link fit. A link for which there is no room at all is left out whole.
fn fit(text: &str, link: &str) -> String {
    let septets = |text: &str| text.chars().map(cost).sum::<Option<usize>>();
    let (room, cost): (usize, fn(char) -> usize) =
        match septets(text).is_some() && septets(link).is_some() {
            true => (PARTS_MAX * PART_SEPTETS, |c| cost(c).unwrap_or(1)),
            false => (PARTS_MAX * PART_UNITS, char::len_utf16),
        };
    let length = |text: &str| text.chars().map(cost).sum::<usize>();
    if length(text) + length(link) <= room {
        return format!("{text}{link}");
    }
    const CUT: &str = "...";
    // A text without words is of no use, whatever link follows it.
    let link = if length(link) + PART_UNITS > room {
        ""
    } else {
        link
    };
    let mut left = room - length(link) - length(CUT);
    let mut kept = String::new();
    for c in text.chars() {
        match left.checked_sub(cost(c)) {
            Some(less) => left = less,
            None => break,
        }
        kept.push(c);
    }
    format!("{}{CUT}{link}", kept.trim_end())
}

/// What a character takes in GSM 03.38; nothing when it is not in it.
fn cost(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        Some(1)
    } else if EXTENSION.contains(c) {
        Some(2)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
