//! The field map: item ⇒ replica and replica ⇒ assigned native values, by tables alone.

mod along;
mod closing;
mod incoming;
mod native;
mod outgoing;
mod people;

#[cfg(test)]
mod tests;

pub(crate) use closing::{closed_status, closing, written_status};
pub(crate) use incoming::{MapDraft, incoming, is_day};
pub(crate) use native::kind_of;
pub(crate) use outgoing::{MapView, outgoing};
pub(crate) use people::by_text;

use crate::catalogue::Catalogue;
use crate::model::{FieldRules, NativeSource, RuleSet, ValueRow, ValueTable};
use crate::script::ViaCall;
use twinline_core::names::{FieldName, ReplicaField, Side, Sides};

/// What the map works with.
#[derive(Clone, Copy)]
pub(crate) struct Map<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) catalogues: &'a Sides<Catalogue>,
    pub(crate) side: Side,
}

impl<'a> Map<'a> {
    fn catalogue(&self) -> &'a Catalogue {
        self.catalogues.get(self.side)
    }

    /// The value table of a field that this side applies: none where the side converts by script.
    fn table(&self, field: &FieldRules) -> Option<&'a ValueTable> {
        if field.via.get(self.side).is_some() {
            return None;
        }
        self.rules.values.get(&field.values.as_ref()?.value)
    }

    /// The call of the side's `via` export, where the field has one.
    fn via(&self, name: &ReplicaField, field: &FieldRules) -> Option<ViaCall> {
        let via = field.via.get(self.side).as_ref()?;
        Some(ViaCall {
            export: via.value.clone(),
            field: name.as_str().to_owned(),
            natives: natives(field, self.side, self.catalogue())
                .iter()
                .map(|id| id.as_str().to_owned())
                .collect(),
        })
    }
}

/// The ids of the native fields that a replica field has on a side.
pub(crate) fn natives(field: &FieldRules, side: Side, catalogue: &Catalogue) -> Vec<FieldName> {
    match field.sources.get(side).as_ref().map(|source| &source.value) {
        Some(NativeSource::Fields(names)) => names
            .iter()
            .map(|name| catalogue.resolve(&name.value))
            .collect(),
        _ => Vec::new(),
    }
}

/// The rows in the order in which a side reads them: those that leave the side before those that only arrive.
fn reading_order(table: &ValueTable, side: Side) -> impl Iterator<Item = &ValueRow> {
    let leaving = table
        .rows
        .iter()
        .filter(move |row| row.direction.leaves(side));
    let arriving = table
        .rows
        .iter()
        .filter(move |row| !row.direction.leaves(side));
    leaving.chain(arriving)
}
