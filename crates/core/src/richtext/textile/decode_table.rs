//! Reads tables: `|_. heading|>. right|`. Merged cells, attributes and headings beside the first row make a table opaque.

use super::attributes;
use super::decode::Reader;
use super::decode_line::Line;
use crate::richtext::model::{Alignment, Block, Cell, Table};

/// The longest page and text of a wiki link in a cell, in bytes each.
const LINK_MAX_BYTES: usize = 1_000;

/// Whether a table begins at the first of these lines, the last of a chunk.
pub(super) fn begins(lines: &[&str]) -> bool {
    let first = lines.first().is_some_and(|line| line.starts_with('|'));
    first
        && lines
            .last()
            .is_some_and(|line| line.len() > 1 && line.ends_with('|'))
}

/// Whether the first line gives attributes to the table behind it.
pub(super) fn is_attributed(lines: &[&str]) -> bool {
    let Some(rest) = lines[0].strip_prefix("table") else {
        return false;
    };
    let rest = rest.strip_prefix('_').unwrap_or(rest);
    let ends = attributes::until_stop(rest).is_some_and(|at| at + 1 == rest.len());
    ends && begins(&lines[1..])
}

/// What stands before the text of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Modifiers {
    pub(super) heading: bool,
    pub(super) alignment: Alignment,
    /// Whether it says more.
    foreign: bool,
    /// Its length in bytes, with the full stop and a space.
    pub(super) length: usize,
}

/// Reads what stands before the text of a cell; nothing is nothing.
pub(super) fn modifiers(cell: &str) -> Modifiers {
    let none = Modifiers::default();
    let heading = cell.starts_with('_');
    let from = usize::from(heading);
    let spans = cell[from..].bytes();
    let spans = spans
        .take_while(|b| b.is_ascii_digit() || matches!(b, b'\\' | b'/'))
        .count();
    let spanned = &cell[from..from + spans];
    if spans > 0 && !spanned.starts_with(['\\', '/']) {
        return none;
    }
    let Some(said) = attributes::until_stop(&cell[from + spans..]) else {
        return none;
    };
    let end = from + spans + said;
    let alignment = match &cell[from + spans..end] {
        "<" => Some(Alignment::Left),
        "=" => Some(Alignment::Center),
        ">" => Some(Alignment::Right),
        "" => Some(Alignment::None),
        _ => None,
    };
    let space = usize::from(cell[end + 1..].starts_with(' '));
    Modifiers {
        heading,
        alignment: alignment.unwrap_or_default(),
        foreign: spans > 0 || alignment.is_none(),
        length: end + 1 + space,
    }
}

/// Reads a table from all lines of a chunk.
pub(super) fn table(reader: Reader<'_>, lines: &[&str], out: &mut Vec<Block>) {
    let rows = rows(lines);
    let said: Vec<Vec<Modifiers>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| modifiers(cell)).collect())
        .collect();
    let headed = said[0].iter().all(|cell| cell.heading);
    let mut cells = said.iter().enumerate().flat_map(|(at, row)| {
        row.iter()
            .map(move |cell| cell.foreign || (cell.heading && !(headed && at == 0)))
    });
    let foreign = cells.any(|foreign| foreign);
    let read = |reader: Reader<'_>| {
        let read = |row: &Vec<String>| -> Vec<Cell> {
            row.iter().map(|cell| self::cell(reader, cell)).collect()
        };
        let mut read: Vec<Vec<Cell>> = rows.iter().map(read).collect();
        let header = headed.then(|| read.remove(0));
        vec![Block::Table(Table {
            alignments: said[0].iter().map(|cell| cell.alignment).collect(),
            header,
            rows: read,
        })]
    };
    if foreign {
        return reader.opaque(lines, read, out);
    }
    out.extend(read(reader));
}

fn cell(reader: Reader<'_>, cell: &str) -> Cell {
    let text = &cell[modifiers(cell).length..];
    let line = Line::read(reader, text.trim_matches([' ', '\n'])).content();
    if line.is_empty() {
        return Vec::new();
    }
    vec![Block::Paragraph(line)]
}

/// The cells of each row. A row ends at a line that ends with `|`.
fn rows(lines: &[&str]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = String::new();
    for line in lines {
        if !row.is_empty() {
            row.push('\n');
        }
        row.push_str(line);
        if line.ends_with('|') {
            rows.push(cells(&row));
            row.clear();
        }
    }
    rows
}

/// The cells between bars; a wiki link keeps its own.
fn cells(row: &str) -> Vec<String> {
    let row = row.strip_prefix('|').unwrap_or(row);
    let mut cells = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(next) = row[at..].find(['|', '[']) {
        at += next;
        if row.as_bytes()[at] == b'|' {
            cells.push(row[from..at].to_owned());
            at += 1;
            from = at;
        } else {
            at += wiki_link(&row[at..]).unwrap_or(1);
        }
    }
    cells
}

/// The length of the wiki link with a text of its own that begins here.
fn wiki_link(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("[[")?;
    let bars = |text: &str| {
        let mut bytes = text.bytes().take(LINK_MAX_BYTES);
        bytes.position(|b| matches!(b, b'|' | b']'))
    };
    let page = bars(inside)?;
    let title = inside[page..].strip_prefix('|')?;
    let end = bars(title)?;
    let length = 2 + page + 1 + end + 2;
    title[end..].starts_with("]]").then_some(length)
}
