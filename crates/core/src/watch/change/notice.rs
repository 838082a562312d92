//! Changes that nobody planned.

use super::database::{Difference, Fingerprint};
use super::event::{Effect, Refusal, Why};
use super::gate::{Context, Gate, validate};
use super::state::{Change, ChangeId, Kind, Stage};
use crate::time::Timestamp;
use crate::watch::element::{Element, Path};
use std::collections::BTreeSet;

impl Gate {
    pub(super) fn seen(
        &mut self,
        database: Element,
        fingerprint: Fingerprint,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) {
        let before = self.databases.insert(database.clone(), fingerprint.clone());
        let differences = before.map(|before| fingerprint.differences(&before));
        let Some(differences) = differences.filter(|it| !it.is_empty()) else {
            return;
        };
        let another = differences.contains(&Difference::SystemIdentifier);
        let change = self.charge(database, differences, now, context, effects);
        if another {
            effects.push(Effect::Page {
                change,
                why: Why::AnotherDatabase,
            });
        }
    }

    /// Somebody says that it changed: part of the change of it that is under way, or of one that was over a moment ago;
    /// else a change watch, whether a difference is seen or not.
    pub(super) fn announced(
        &mut self,
        database: Element,
        by: String,
        what: String,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        if let Some(known) = self.under_way(&database) {
            let change = known.id;
            effects.push(Effect::Announced { change, by, what });
            prove_again(known, now, context, effects);
            return Ok(());
        }
        if let Some((change, _)) = self.ended.get(&database) {
            let change = *change;
            effects.push(Effect::Announced { change, by, what });
            return Ok(());
        }
        self.has_room()?;
        let change = self.watch(database, BTreeSet::new(), now, context, effects);
        effects.push(Effect::Announced { change, by, what });
        Ok(())
    }

    fn under_way(&mut self, database: &Element) -> Option<&mut Change> {
        let mut all = self.changes.values_mut();
        all.find(|it| it.is_under_way() && it.elements.contains(database))
    }

    /// Which change the differences belong to; a change watch if none is under way.
    fn charge(
        &mut self,
        database: Element,
        differences: BTreeSet<Difference>,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) -> ChangeId {
        if let Some(known) = self.under_way(&database) {
            effects.push(Effect::Noted {
                change: known.id,
                database,
                differences: differences.clone(),
            });
            if let Kind::Noticed {
                differences: all, ..
            } = &mut known.kind
            {
                all.extend(differences);
            }
            prove_again(known, now, context, effects);
            return known.id;
        }
        self.watch(database, differences, now, context, effects)
    }

    /// Opens a change watch, and has it proven at once.
    fn watch(
        &mut self,
        database: Element,
        differences: BTreeSet<Difference>,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) -> ChangeId {
        let kind = Kind::Noticed {
            database: database.clone(),
            differences: differences.clone(),
        };
        let change = self.add(kind, Path::from([database.clone()]));
        effects.push(Effect::WatchOpened {
            change,
            database,
            differences,
        });
        if let Some(known) = self.changes.get_mut(&change) {
            validate(known, now, context, effects);
        }
        change
    }
}

/// What was proven is not any more.
fn prove_again(known: &mut Change, now: Timestamp, context: &Context, effects: &mut Vec<Effect>) {
    if matches!(known.stage, Stage::Verifying | Stage::Proven) {
        validate(known, now, context, effects);
    }
}
