//! Who is on call: layers over each other, overrides over all, and the gaps between.

use super::handover::{Hours, Layer};
use super::roster::PersonName;
use super::zone::Zone;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A rotation with all that changes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// A later layer counts before an earlier one, while it counts.
    pub layers: Vec<Layer>,
    /// Somebody instead of whoever it would be; the last that fits counts.
    #[serde(default)]
    pub overrides: Vec<Override>,
    /// Where it is meant that nobody is.
    #[serde(default)]
    pub deliberate: Vec<Deliberate>,
}

/// Somebody takes over for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Who.
    pub person: PersonName,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
}

/// A gap that is meant. It marks; it takes nobody off call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliberate {
    /// When.
    pub when: Marked,
    /// Why.
    pub reason: String,
}

/// When a gap is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marked {
    /// Once.
    Span {
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
    /// Every week.
    Weekly {
        /// Which hours.
        hours: Hours,
        /// Where.
        zone: Zone,
    },
}

impl Marked {
    fn covers(&self, at: Timestamp) -> bool {
        match self {
            Self::Span { from, to } => (*from..*to).contains(&at),
            Self::Weekly { hours, zone } => hours.cover(zone, at),
        }
    }

    fn edges(&self, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        match self {
            Self::Span {
                from: begins,
                to: ends,
            } => vec![*begins, *ends],
            Self::Weekly { hours, zone } => hours.edges(zone, from, to),
        }
    }
}

/// Who is on call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on_call", rename_all = "snake_case")]
pub enum OnCall {
    /// This person.
    Person {
        /// Who.
        person: PersonName,
        /// Whether by an override.
        overridden: bool,
    },
    /// Nobody.
    Nobody {
        /// Why that is meant, if it is.
        deliberate: Option<String>,
    },
}

/// A time in which nothing changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Who.
    pub who: OnCall,
}

impl Schedule {
    /// Who is on call at an instant.
    pub fn on_call(&self, at: Timestamp) -> OnCall {
        let overriding = self.overrides.iter().rev();
        let mut fitting = overriding.filter(|it| (it.from..it.to).contains(&at));
        if let Some(found) = fitting.next() {
            return OnCall::Person {
                person: found.person.clone(),
                overridden: true,
            };
        }
        let person = (self.layers.iter().rev()).find_map(|layer| layer.on_call(at));
        if let Some(person) = person {
            return OnCall::Person {
                person: person.clone(),
                overridden: false,
            };
        }
        let mut meant = self.deliberate.iter().filter(|gap| gap.when.covers(at));
        OnCall::Nobody {
            deliberate: meant.next().map(|gap| gap.reason.clone()),
        }
    }

    /// The shifts between two instants, without a hole.
    pub fn shifts(&self, from: Timestamp, to: Timestamp) -> Vec<Shift> {
        let mut edges = vec![from];
        for layer in &self.layers {
            edges.extend(layer.edges(from, to));
        }
        for gap in &self.deliberate {
            edges.extend(gap.when.edges(from, to));
        }
        for it in &self.overrides {
            edges.extend([it.from, it.to]);
        }
        edges.retain(|at| *at >= from && *at < to);
        edges.sort_unstable();
        edges.dedup();
        let mut shifts: Vec<Shift> = Vec::new();
        for (index, begins) in edges.iter().enumerate() {
            let ends = edges.get(index + 1).copied().unwrap_or(to);
            let who = self.on_call(*begins);
            match shifts.last_mut() {
                Some(last) if last.who == who => last.to = ends,
                _ => shifts.push(Shift {
                    from: *begins,
                    to: ends,
                    who,
                }),
            }
        }
        shifts
    }

    /// The times between two instants in which nobody is on call, meant or not.
    pub fn gaps(&self, from: Timestamp, to: Timestamp) -> Vec<Shift> {
        let mut shifts = self.shifts(from, to);
        shifts.retain(|shift| matches!(shift.who, OnCall::Nobody { .. }));
        shifts
    }
}
