//! What other monitoring says: it says again that something fails, and when it does not any more nobody would ever hear
//! that it is over.

use super::book::Book;
use super::effect::Effect;
use super::state::Settings;
use super::subject::{Belongs, Subject};
use crate::time::Timestamp;
use crate::watch::element::Element;
use crate::watch::signal::{Signal, State, is_inbound};
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most words of other monitoring that are kept; over it the one that was repeated longest ago goes.
pub(super) const INBOUND_MAX: usize = 20_000;

/// By source, what it says fails, and how long that is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Inbound(BTreeMap<String, Said>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    subject: Element,
    lasts: Wait,
}

impl Inbound {
    /// Takes note of a word, if it is one of other monitoring.
    pub(super) fn hear(&mut self, signal: &Signal, now: Timestamp, settings: &Settings) {
        if !is_inbound(&signal.source) {
            return;
        }
        if signal.state == State::Passing {
            self.0.remove(&signal.source);
            return;
        }
        let said = Said {
            subject: signal.subject.clone(),
            lasts: Wait::new(now, settings.inbound_lasts),
        };
        self.0.insert(signal.source.clone(), said);
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        self.0.values().map(|said| said.lasts.due()).min()
    }

    /// Takes out what is believed no longer, and what is too many.
    fn take_old(&mut self, now: Timestamp) -> Vec<(String, Element)> {
        for said in self.0.values_mut() {
            said.lasts.rebase(now);
        }
        let over = self.0.len().saturating_sub(INBOUND_MAX);
        if over == 0 && self.due().is_none_or(|due| due > now) {
            return Vec::new();
        }
        let mut oldest: Vec<(Timestamp, &String)> = (self.0.iter())
            .map(|(source, said)| (said.lasts.due(), source))
            .collect();
        oldest.sort_unstable();
        let old = oldest.into_iter().enumerate();
        let old = old.take_while(|(index, (due, _))| *index < over || *due <= now);
        let old: Vec<String> = old.map(|(_, (_, source))| source.clone()).collect();
        let taken = old.into_iter().filter_map(|source| {
            let said = self.0.remove(&source)?;
            Some((source, said.subject))
        });
        taken.collect()
    }
}

impl Book {
    /// A subject of which nobody says anything, and that is in no incident, is none: labels of other monitoring come and go.
    pub(super) fn forget_idle(&mut self, element: &Element) {
        let idle = |it: &Subject| it.signals.is_empty() && it.belongs == Belongs::None;
        if self.subjects.get(element).is_some_and(idle) {
            self.subjects.remove(element);
        }
    }

    /// What other monitoring has not repeated for too long counts as over, and that is said.
    pub(super) fn forget_inbound(
        &mut self,
        now: Timestamp,
        settings: &Settings,
        effects: &mut Vec<Effect>,
    ) {
        for (source, subject) in self.inbound.take_old(now) {
            effects.push(Effect::Unrepeated {
                subject: subject.clone(),
            });
            let over = Signal {
                source,
                subject,
                state: State::Passing,
            };
            self.signal(over, now, settings, effects);
        }
    }
}
