//! Changes that nobody planned.

use super::database::{Difference, Fingerprint};
use super::event::{Effect, Why};
use super::gate::{Context, Gate, validate};
use super::state::{ChangeId, Kind, Stage};
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

    /// Which change the differences belong to; a change watch if none is under way. What was proven is not any more.
    fn charge(
        &mut self,
        database: Element,
        differences: BTreeSet<Difference>,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) -> ChangeId {
        let mut under_way = self.changes.values_mut().filter(|it| it.is_under_way());
        if let Some(known) = under_way.find(|it| it.elements.contains(&database)) {
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
            if matches!(known.stage, Stage::Verifying | Stage::Proven) {
                validate(known, now, context, effects);
            }
            return known.id;
        }
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
