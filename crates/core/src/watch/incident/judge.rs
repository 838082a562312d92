//! The end of a window: everything that fails and has no incident is judged together.

use super::book::{Book, not_declared};
use super::effect::{Cause, Effect, Reason};
use super::group::{Case, group};
use super::state::{Incident, IncidentId, Phase, Settings};
use super::subject::Belongs;
use crate::time::Timestamp;
use crate::watch::element::{Element, Kind, Path};
use crate::watch::signal::Severity;
use std::collections::{BTreeMap, BTreeSet};

/// Subjects with one explanation, and the incidents that it explains as well.
struct Explained {
    element: Element,
    fresh: Path,
    absorbs: BTreeSet<IncidentId>,
}

impl Book {
    pub(super) fn judge(&mut self, now: Timestamp, settings: &Settings, effects: &mut Vec<Effect>) {
        let rest = self.join(settings, effects);
        for explained in self.explain(&rest, settings) {
            self.declare(explained, now, settings, effects);
        }
    }

    /// Lets what waits for judgement join the incidents whose element it implicates; gives back the rest.
    fn join(&mut self, settings: &Settings, effects: &mut Vec<Effect>) -> BTreeMap<Element, Path> {
        let open: BTreeMap<&Element, &Incident> = self
            .incidents
            .values()
            .filter(|it| !matches!(it.phase, Phase::Recovered { .. }))
            .map(|it| (&it.element, it))
            .collect();
        let mut joins: BTreeMap<IncidentId, Path> = BTreeMap::new();
        let mut rest = BTreeMap::new();
        for (element, subject) in &self.subjects {
            let waits = matches!(
                subject.belongs,
                Belongs::Gathered | Belongs::Undeclared { .. }
            );
            if !waits || !subject.fails() {
                continue;
            }
            let implicates = subject.implicates();
            let own = open.get(element).copied();
            let chosen = own.or_else(|| {
                let candidates = implicates.iter().filter_map(|it| open.get(it).copied());
                candidates.max_by_key(|it| (it.members.len(), std::cmp::Reverse(it.id)))
            });
            match chosen {
                Some(incident) => {
                    joins
                        .entry(incident.id)
                        .or_default()
                        .insert(element.clone());
                }
                None => {
                    rest.insert(element.clone(), implicates);
                }
            }
        }
        for (id, subjects) in joins {
            self.add(id, subjects, settings, effects);
        }
        rest
    }

    /// What explains the rest, with what is failing already as evidence.
    fn explain(&self, rest: &BTreeMap<Element, Path>, settings: &Settings) -> Vec<Explained> {
        if rest.is_empty() {
            return Vec::new();
        }
        let evidence = self.evidence();
        let fresh = rest
            .iter()
            .map(|(subject, implicates)| (subject, implicates, true));
        let known = evidence
            .iter()
            .map(|(subject, (implicates, _))| (*subject, implicates, false));
        let cases: Vec<Case<'_>> = fresh
            .chain(known)
            .map(|(subject, implicates, fresh)| Case {
                subject,
                implicates,
                fresh,
            })
            .collect();
        let proven = |element: &Element| {
            let subject = self.subjects.get(element);
            subject.is_some_and(super::subject::Subject::is_proven)
        };
        let mut explained = Vec::new();
        for found in group(&cases, proven, settings) {
            let fresh: Path = (found.cases.iter())
                .filter(|index| cases[**index].fresh)
                .map(|index| cases[*index].subject.clone())
                .collect();
            let touched: BTreeSet<IncidentId> = (found.cases.iter())
                .filter_map(|index| evidence.get(cases[*index].subject))
                .map(|(_, incident)| *incident)
                .collect();
            let absorbs: BTreeSet<IncidentId> = touched
                .into_iter()
                .filter(|id| {
                    found.element.kind != Kind::Tracker && self.is_part(*id, found.element)
                })
                .collect();
            self.settle_on(found.element, fresh, absorbs, settings, &mut explained);
        }
        explained
    }

    /// What fails in open incidents, as evidence. Of an incident whose element fails itself, that element speaks for all
    /// its members: they are explained.
    fn evidence(&self) -> BTreeMap<&Element, (Path, IncidentId)> {
        let mut evidence = BTreeMap::new();
        for incident in self.incidents.values() {
            let explained =
                incident.failing.len() > 1 && incident.failing.contains(&incident.element);
            for element in &incident.failing {
                if explained && *element != incident.element {
                    continue;
                }
                if let Some(subject) = self.subjects.get(element) {
                    evidence.insert(element, (subject.implicates(), incident.id));
                }
            }
        }
        evidence
    }

    /// Whether the element may explain all that fails in the incident.
    fn is_part(&self, id: IncidentId, element: &Element) -> bool {
        self.incidents.get(&id).is_some_and(|incident| {
            incident.failing.iter().all(|member| {
                let subject = self.subjects.get(member);
                subject.is_some_and(|subject| subject.may_fail_by(member, element))
            })
        })
    }

    /// An element that in the end explains too few, since others are explained already, explains none: each is its own.
    fn settle_on(
        &self,
        element: &Element,
        fresh: Path,
        absorbs: BTreeSet<IncidentId>,
        settings: &Settings,
        explained: &mut Vec<Explained>,
    ) {
        let absorbed: usize = (absorbs.iter())
            .filter_map(|id| self.incidents.get(id))
            .map(|incident| incident.failing.len())
            .sum();
        if fresh.len() + absorbed >= settings.share_min {
            explained.push(Explained {
                element: element.clone(),
                fresh,
                absorbs,
            });
            return;
        }
        explained.extend(fresh.into_iter().map(|subject| Explained {
            element: subject.clone(),
            fresh: Path::from([subject]),
            absorbs: BTreeSet::new(),
        }));
    }

    fn declare(
        &mut self,
        explained: Explained,
        now: Timestamp,
        settings: &Settings,
        effects: &mut Vec<Effect>,
    ) {
        let Explained {
            element,
            fresh,
            absorbs,
        } = explained;
        let severity = self.severity(&fresh, fresh.len(), settings);
        if let Some(reason) = no_incident(&element, severity, &absorbs) {
            self.leave_undeclared(fresh, reason, effects);
            return;
        }
        // One that has recovered comes back as what it was.
        let oldest = self.named(&element).or_else(|| absorbs.first().copied());
        let Some(id) = oldest else {
            self.open(element, severity, Cause::Signals, fresh, now, effects);
            return;
        };
        self.promote(id, &element, effects);
        for other in absorbs.into_iter().filter(|other| *other != id) {
            self.merge(other, id, effects);
        }
        self.add(id, fresh, settings, effects);
    }

    /// The worst of the subjects; many together are critical.
    fn severity(&self, subjects: &Path, failing: usize, settings: &Settings) -> Severity {
        let each = subjects.iter().filter_map(|it| self.subjects.get(it));
        let worst = each.map(super::subject::Subject::severity).max();
        match worst.unwrap_or(Severity::Info) {
            Severity::Warning if failing >= settings.critical_from => Severity::Critical,
            worst => worst,
        }
    }

    /// Subjects join an incident.
    fn add(
        &mut self,
        id: IncidentId,
        subjects: Path,
        settings: &Settings,
        effects: &mut Vec<Effect>,
    ) {
        for element in &subjects {
            self.fails_again(id, element, effects);
        }
        self.adopt(id, &subjects);
        let failing = self.incidents.get(&id).map_or(0, |it| it.failing.len());
        let severity = self.severity(&subjects, failing, settings);
        effects.push(Effect::Joined {
            incident: id,
            subjects,
        });
        self.raise(id, severity, effects);
    }

    fn promote(&mut self, id: IncidentId, element: &Element, effects: &mut Vec<Effect>) {
        let Some(incident) = self.incidents.get_mut(&id) else {
            return;
        };
        if incident.element != *element {
            let from = std::mem::replace(&mut incident.element, element.clone());
            effects.push(Effect::Promoted {
                incident: id,
                from,
                to: element.clone(),
            });
        }
        self.link_waiting(id, element, effects);
    }

    fn merge(&mut self, other: IncidentId, into: IncidentId, effects: &mut Vec<Effect>) {
        let Some(ended) = self.incidents.remove(&other) else {
            return;
        };
        let own = Belongs::Incident { id: other };
        let members = ended.members.iter().filter(|member| {
            let subject = self.subjects.get(*member);
            subject.is_some_and(|subject| subject.belongs == own)
        });
        let members: Path = members.cloned().collect();
        self.adopt(into, &members);
        if let Some(incident) = self.incidents.get_mut(&into) {
            incident.members.extend(ended.members);
            incident.failing.extend(ended.failing);
            incident.reports.extend(ended.reports);
        }
        effects.push(Effect::Merged {
            incident: other,
            into,
        });
        self.raise(into, ended.severity, effects);
    }

    /// Says why, once for each reason.
    fn leave_undeclared(&mut self, subjects: Path, reason: Reason, effects: &mut Vec<Effect>) {
        let belongs = Belongs::Undeclared {
            reason: reason.clone(),
        };
        let mut told = Path::new();
        for element in subjects {
            if let Some(subject) = self.subjects.get_mut(&element)
                && subject.belongs != belongs
            {
                subject.belongs = belongs.clone();
                told.insert(element);
            }
        }
        if !told.is_empty() {
            effects.push(not_declared(told, reason));
        }
    }
}

fn no_incident(
    element: &Element,
    severity: Severity,
    absorbs: &BTreeSet<IncidentId>,
) -> Option<Reason> {
    if element.kind == Kind::Tracker {
        let tracker = element.clone();
        return Some(Reason::Vendor { tracker });
    }
    (severity == Severity::Info && absorbs.is_empty()).then_some(Reason::Info)
}
