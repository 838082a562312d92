//! `[watch]` and `[status]` as the machines take them.

use super::{Deliberate, Layer, Rotation, Status, Watch};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::watch::element::Kind;
use twinline_core::watch::escalation::{
    self, Marked, Person, PersonName, Policy, Roster, Schedule, WeeklyHour,
};
use twinline_core::watch::incident;
use twinline_core::watch::page;

impl Watch {
    /// Everything about people. A rotation that cannot be is left out; a checked configuration has none.
    pub fn roster(&self) -> Roster {
        let people = self.people.iter().map(|(name, person)| {
            let known = Person {
                zone: person.zone.clone(),
                reach: person.reach.clone(),
            };
            (PersonName(name.clone()), known)
        });
        let rotations = self.rotations.iter();
        let rotations =
            rotations.filter_map(|(name, it)| Some((name.clone(), it.schedule().ok()?)));
        let policies = self.escalations.iter().map(|escalation| Policy {
            severity: escalation.matches.severity,
            element: escalation.matches.element.clone(),
            steps: escalation.steps.clone(),
            repeat: escalation.repeat,
        });
        Roster {
            people: people.collect(),
            rotations: rotations.collect(),
            policies: policies.collect(),
            limits: escalation::Limits {
                pages_per_person_10min: self.limits.pages_per_person_10min,
                digest_after_s: self.limits.digest_after_s,
                channel_deadline_s: self.limits.channel_deadline_s,
                test_at: WeeklyHour {
                    weekday: self.limits.test_day,
                    time: self.limits.test_time,
                },
                ..escalation::Limits::default()
            },
        }
    }

    /// The numbers of incidents.
    pub fn incidents(&self) -> incident::Settings {
        incident::Settings {
            reopen_within: Duration::from_secs(self.limits.reopen_within_s),
            ..incident::Settings::default()
        }
    }
}

impl Rotation {
    /// As it is asked who is on call.
    ///
    /// # Errors
    /// A first layer that is not whole, or a gap that is neither once nor weekly.
    pub fn schedule(&self) -> Result<Schedule, String> {
        let mut layers = Vec::new();
        match (&self.every, &self.handover) {
            (Some(every), Some(handover)) => layers.push(escalation::Layer {
                people: self.people.iter().cloned().map(PersonName).collect(),
                every: *every,
                handover: handover.clone(),
                since: self.since,
                only: self.only.clone(),
            }),
            (None, None) if self.people.is_empty() && !self.layers.is_empty() => {}
            _ => return Err("people, every and handover come together".to_owned()),
        }
        layers.extend(self.layers.iter().map(Layer::as_layer));
        if layers.iter().any(|layer| layer.people.is_empty()) {
            return Err("people is empty: write who takes turns".to_owned());
        }
        let overrides = self.overrides.iter().map(|it| {
            let at = |moment: &super::Moment| moment.instant().map_err(|error| error.to_string());
            Ok::<_, String>(escalation::Override {
                person: PersonName(it.person.clone()),
                from: at(&it.from)?,
                to: at(&it.to)?,
            })
        });
        let deliberate = self.deliberate.iter().map(Deliberate::as_gap);
        Ok(Schedule {
            layers,
            overrides: overrides.collect::<Result<_, _>>()?,
            deliberate: deliberate.collect::<Result<_, _>>()?,
        })
    }
}

impl Layer {
    fn as_layer(&self) -> escalation::Layer {
        escalation::Layer {
            people: self.people.iter().cloned().map(PersonName).collect(),
            every: self.every,
            handover: self.handover.clone(),
            since: self.since,
            only: self.only.clone(),
        }
    }
}

impl Deliberate {
    fn as_gap(&self) -> Result<escalation::Deliberate, String> {
        let at = |moment: &super::Moment| moment.instant().map_err(|error| error.to_string());
        let when = match (&self.from, &self.to, &self.hours, &self.zone) {
            (Some(from), Some(to), None, None) => Marked::Span {
                from: at(from)?,
                to: at(to)?,
            },
            (None, None, Some(hours), Some(zone)) => Marked::Weekly {
                hours: hours.clone(),
                zone: zone.clone(),
            },
            _ => return Err("a deliberate gap has from and to, or hours and zone".to_owned()),
        };
        Ok(escalation::Deliberate {
            when,
            reason: self.reason.clone(),
        })
    }
}

impl Status {
    /// The page's configuration, of which there are so many of each kind of element.
    pub fn page(&self, population: BTreeMap<Kind, usize>) -> page::Page {
        let components = self.shown().into_iter().map(|it| page::Component {
            name: it.name,
            group: it.group,
            elements: it.elements,
            worst: it.worst,
            auto: it.auto,
        });
        page::Page {
            components: components.collect(),
            auto_open: page::AutoOpen {
                after: Duration::from_secs(self.auto_open.after_s),
                elements: self.auto_open.elements.clone(),
            },
            population,
        }
    }
}
