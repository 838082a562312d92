//! Reads tables. Merged cells, captions and headings beside the first row make a table opaque.

use super::decode::Reader;
use super::style;
use super::tree::{Element, Node};
use crate::richtext::inline::Marks;
use crate::richtext::model::{Alignment, Row, Table};

/// Whether the tree has a place for all that a table says.
pub(super) fn is_known(table: &Element) -> bool {
    let rows = rows(table);
    has_only(table, &["tbody", "tfoot", "thead", "tr", "colgroup"])
        && sections(table).all(|section| has_only(section, &["tr"]))
        && rows
            .iter()
            .enumerate()
            .all(|(at, row)| is_known_row(row, at == 0))
}

/// Whether an element has no other elements in it, and no text.
fn has_only(element: &Element, known: &[&str]) -> bool {
    element.children.iter().all(|child| match child {
        Node::Element(child) => known.contains(&child.name.as_str()),
        Node::Text(text) => text.trim().is_empty(),
        Node::Comment(..) => false,
    })
}

fn is_known_row(row: &Element, first: bool) -> bool {
    let kind = if first && is_header(row) { "th" } else { "td" };
    let single = |cell: &Element, name| cell.attribute(name).is_none_or(|span| span == "1");
    has_only(row, &["td", "th"])
        && elements(row)
            .all(|cell| cell.name == kind && single(cell, "colspan") && single(cell, "rowspan"))
}

fn is_header(row: &Element) -> bool {
    elements(row).next().is_some() && elements(row).all(|cell| cell.name == "th")
}

fn elements(parent: &Element) -> impl Iterator<Item = &Element> {
    parent.children.iter().filter_map(|child| match child {
        Node::Element(element) => Some(element),
        _ => None,
    })
}

fn sections(table: &Element) -> impl Iterator<Item = &Element> {
    elements(table).filter(|child| matches!(child.name.as_str(), "thead" | "tbody" | "tfoot"))
}

fn rows(table: &Element) -> Vec<&Element> {
    let mut rows = Vec::new();
    for child in elements(table) {
        match child.name.as_str() {
            "tr" => rows.push(child),
            "thead" | "tbody" | "tfoot" => {
                rows.extend(elements(child).filter(|row| row.name == "tr"));
            }
            _ => {}
        }
    }
    rows
}

/// Reads a table.
pub(super) fn table(table: &Element, reader: Reader<'_>, marks: &Marks) -> Table {
    let rows = rows(table);
    let mut rows = &rows[..];
    let alignments = rows.first().map(|row| elements(row).map(alignment));
    let alignments = alignments.into_iter().flatten().collect();
    let read = |row: &&Element| -> Row {
        let cells = elements(row);
        cells
            .map(|cell| reader.blocks(&cell.children, &style::inside(cell, marks)))
            .collect()
    };
    let header = rows.first().filter(|row| is_header(row));
    if header.is_some() {
        rows = &rows[1..];
    }
    Table {
        alignments,
        header: header.map(read),
        rows: rows.iter().map(read).collect(),
    }
}

/// How a cell is aligned: a column is as the cell of its first row.
fn alignment(cell: &Element) -> Alignment {
    let style = cell.attribute("style");
    let styled = style.and_then(|style| style::declaration(style, "text-align"));
    let said = styled.or_else(|| cell.attribute("align").map(str::to_ascii_lowercase));
    match said.as_deref() {
        Some("left") => Alignment::Left,
        Some("center") => Alignment::Center,
        Some("right") => Alignment::Right,
        _ => Alignment::None,
    }
}
