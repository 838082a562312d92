//! What the screens on the ways into a status demand, against what the rules set.

use super::Judge;
use crate::map::{natives, written_status};
use crate::model::{NativeValue, ValueRow, ValueTable};
use twinline_core::item::field::STATUS;
use twinline_core::names::{FieldName, Side};

/// A status that would be written, whose transitions demand a field that nothing gives them.
pub(super) fn demanded(judge: &mut Judge<'_>, side: Side, table: &ValueTable) {
    let catalogue = judge.catalogues.get(side);
    let arriving = table
        .rows
        .iter()
        .filter(|row| row.direction.leaves(side.other()));
    for row in arriving {
        let Some(entry) = row.entries.get(side).first() else {
            continue;
        };
        let Some(status) = written_status(&entry.value, &STATUS.into(), catalogue) else {
            continue;
        };
        let mut statuses = catalogue.description().statuses.iter();
        let Some(info) = statuses.find(|info| info.status == *status) else {
            continue;
        };
        let name = |field: &FieldName| {
            let known = catalogue.info(field);
            known.map_or_else(|| field.to_string(), |info| info.name.clone())
        };
        let missing = info.demands.iter();
        let missing = missing.filter(|field| !is_given(judge, side, row, &entry.value, field));
        let missing: Vec<String> = missing.map(name).collect();
        let Some(first) = missing.first() else {
            continue;
        };
        let what = format!(
            "every transition of {} to \"{}\" demands {}, which no rule sets",
            judge.node(side),
            status.name,
            missing.join(", ")
        );
        let way_out = format!("write {side}_set = {{ \"{first}\" = \"…\" }} in the row");
        judge.warn(entry.spot, what, way_out);
    }
}

/// Whether something may set the field when the status is written: the row, a field's rules, or the side's script.
fn is_given(
    judge: &Judge<'_>,
    side: Side,
    row: &ValueRow,
    entry: &NativeValue,
    field: &FieldName,
) -> bool {
    let catalogue = judge.catalogues.get(side);
    let mut along = row.set.get(side).keys();
    let in_set = along.any(|name| catalogue.resolve(name) == *field);
    let in_row = match entry {
        NativeValue::One(_) => false,
        NativeValue::Fields(fields) => fields.keys().any(|name| catalogue.resolve(name) == *field),
    };
    let mut mapped = judge.rules.fields.values();
    let mapped = mapped.any(|rule| {
        rule.direction.leaves(side.other()) && natives(rule, side, catalogue).contains(field)
    });
    let name = catalogue.info(field).map(|info| info.name.as_str());
    let mut words = [Some(field.as_str()), name].into_iter().flatten();
    let by_script = words.any(|word| judge.script_mentions(side, word));
    in_row || in_set || mapped || by_script
}
