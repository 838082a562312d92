//! Reads tables. Merged cells, widths and header columns make a table opaque.

use super::decode::Reader;
use super::node;
use crate::richtext::model::{Cell, Row, Table};
use serde_json::{Value, json};

/// Whether the tree has a place for all that a table says.
pub(super) fn is_known(value: &Value) -> bool {
    let attributes = ["layout", "isNumberColumnEnabled", "displayMode"];
    let layout = node::text(value, "layout").unwrap_or("default");
    node::has_only(value, &attributes)
        && matches!(layout, "default" | "center" | "align-start")
        && node::attribute(value, "isNumberColumnEnabled").is_none_or(|on| *on == json!(false))
        && node::attribute(value, "displayMode").is_none_or(|mode| *mode == json!("default"))
        && node::content(value).iter().enumerate().all(|(at, row)| {
            node::kind(row) == "tableRow" && node::has_only(row, &[]) && is_known_row(row, at == 0)
        })
}

/// Whether a row is all headings (the first may be) or all plain cells.
fn is_known_row(row: &Value, first: bool) -> bool {
    let cells = node::content(row);
    let heading = first && is_header(row);
    let kind = if heading { "tableHeader" } else { "tableCell" };
    let single =
        |cell: &Value, name| node::attribute(cell, name).is_none_or(|span| *span == json!(1));
    cells.iter().all(|cell| {
        node::kind(cell) == kind
            && node::has_only(cell, &["colspan", "rowspan"])
            && single(cell, "colspan")
            && single(cell, "rowspan")
    })
}

fn is_header(row: &Value) -> bool {
    let cells = node::content(row);
    !cells.is_empty() && cells.iter().all(|cell| node::kind(cell) == "tableHeader")
}

/// Reads a table.
pub(super) fn table(value: &Value, reader: Reader) -> Table {
    let mut rows = node::content(value);
    let header = rows.first().filter(|row| is_header(row));
    if header.is_some() {
        rows = &rows[1..];
    }
    let read = |row: &Value| -> Row {
        let cells = node::content(row).iter();
        cells
            .map(|cell| -> Cell { reader.blocks(node::content(cell)) })
            .collect()
    };
    Table {
        alignments: Vec::new(),
        header: header.map(read),
        rows: rows.iter().map(read).collect(),
    }
}
