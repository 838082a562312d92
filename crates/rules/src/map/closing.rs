//! What closes the item that is left, for `deleted = "close"`.

use super::along::along;
use super::native::written;
use super::{Map, natives};
use crate::catalogue::Catalogue;
use crate::model::{FieldRules, NativeValue, ValueRow};
use std::collections::BTreeMap;
use twinline_core::item::{Choice, Item, ItemRef, Value, field};
use twinline_core::names::FieldName;

/// The row of the status table that closes an item of the side.
struct ClosingRow<'a> {
    field: &'a FieldRules,
    row: &'a ValueRow,
    entry: &'a NativeValue,
    status: &'a Choice,
}

/// The status that closes an item of the side: the first that the connection's own table writes and that counts as done,
/// else the first of the side that does.
pub(crate) fn closed_status(map: Map<'_>) -> Option<Choice> {
    let by_table = closing_row(map).map(|closing| closing.status);
    by_table
        .or_else(|| map.catalogue().closed_status())
        .cloned()
}

/// What is written to close an item of the side: the status and what its row has written along with it. Empty where the
/// item counts as done already; `None` where no status is known to.
pub(crate) fn closing(
    map: Map<'_>,
    item: &Item,
    remote: &ItemRef,
) -> Option<BTreeMap<FieldName, Value>> {
    let catalogue = map.catalogue();
    let status = FieldName::from(field::STATUS);
    if item
        .fields
        .get(&status)
        .is_some_and(|now| is_done(now, &status, catalogue))
    {
        return Some(BTreeMap::new());
    }
    let Some(closing) = closing_row(map) else {
        let closed = Value::Choice(catalogue.closed_status()?.clone());
        return Some(BTreeMap::from([(status, closed)]));
    };
    let natives = natives(closing.field, map.side, catalogue);
    let mut fields: BTreeMap<_, _> = written(&natives, closing.entry, item, catalogue)
        .into_iter()
        .collect();
    fields.extend(along(map, closing.row, item, remote));
    Some(fields)
}

/// Whether a status counts as done.
fn is_done(now: &Value, status: &FieldName, catalogue: &Catalogue) -> bool {
    match now {
        Value::Choice(now) => catalogue.is_closed(now),
        Value::Text(now) => catalogue
            .option(status, now)
            .is_some_and(|now| catalogue.is_closed(now)),
        _ => false,
    }
}

/// A row whose first entry counts as done, else one that has another entry that does: the row then says what is done, and
/// writes a status that is not (a resolved incident is still active). Rows that never arrive on this side are asked last.
fn closing_row(map: Map<'_>) -> Option<ClosingRow<'_>> {
    let status = FieldName::from(field::STATUS);
    let catalogue = map.catalogue();
    let mut fields = map.rules.fields.values();
    let field = fields.find(|rule| natives(rule, map.side, catalogue).contains(&status))?;
    let table = map.table(field)?;
    let arrives = |row: &&ValueRow| row.direction.leaves(map.side.other());
    let (arriving, others): (Vec<&ValueRow>, Vec<&ValueRow>) = table.rows.iter().partition(arrives);
    [arriving, others].iter().find_map(|rows| {
        let among = |entries: usize| {
            let mut rows = rows.iter();
            rows.find_map(|row| closing_entry(map, field, row, entries))
        };
        among(1).or_else(|| among(usize::MAX))
    })
}

/// The first of a row's first entries that counts as done.
fn closing_entry<'a>(
    map: Map<'a>,
    field: &'a FieldRules,
    row: &'a ValueRow,
    entries: usize,
) -> Option<ClosingRow<'a>> {
    let catalogue = map.catalogue();
    let mut entries = row.entries.get(map.side).iter().take(entries);
    entries.find_map(|entry| {
        let status = written_status(&entry.value, &field::STATUS.into(), catalogue)?;
        catalogue.is_closed(status).then_some(ClosingRow {
            field,
            row,
            entry: &entry.value,
            status,
        })
    })
}

/// The status that an entry writes; `None` where the side does not have it.
pub(crate) fn written_status<'a>(
    entry: &NativeValue,
    status: &FieldName,
    catalogue: &'a Catalogue,
) -> Option<&'a Choice> {
    let literal = match entry {
        NativeValue::One(literal) => literal,
        NativeValue::Fields(fields) => {
            let mut named = fields.iter();
            let (_, literal) = named.find(|(name, _)| catalogue.resolve(name) == *status)?;
            &literal.value
        }
    };
    catalogue.option(status, &literal.text())
}
