//! What a row of a value table has written along with it.

use super::Map;
use super::native::value_for;
use crate::model::{Literal, ValueRow};
use twinline_core::item::{Item, ItemRef, Value};
use twinline_core::names::FieldName;

/// `left_set`, `right_set`: the native values that are written with the row, only where the target has none.
pub(super) fn along(
    map: Map<'_>,
    row: &ValueRow,
    target: &Item,
    remote: &ItemRef,
) -> Vec<(FieldName, Value)> {
    let catalogue = map.catalogue();
    let set = row.set.get(map.side).iter();
    let natives = set.map(|(name, literal)| (catalogue.resolve(name), &literal.value));
    let is_empty = |native: &FieldName| target.fields.get(native).is_none_or(Value::is_empty);
    natives
        .filter(|(native, _)| is_empty(native))
        .map(|(native, literal)| {
            let literal = match literal {
                Literal::Text(text) => Literal::Text(filled(text, remote)),
                other => other.clone(),
            };
            let value = value_for(&literal, &native, target, catalogue);
            (native, value)
        })
        .collect()
}

/// `{key}`, `{url}` and `{id}` of the other item.
fn filled(text: &str, remote: &ItemRef) -> String {
    text.replace("{key}", &remote.key)
        .replace("{url}", &remote.url)
        .replace("{id}", &remote.item.id)
}
