//! Which contacts are known to reach a person, and when nobody will be on call.

use super::Paging;
use super::attempts::Letter;
use super::event::{Effect, Purpose};
use crate::time::Timestamp;
use crate::watch::escalation::roster::{Contact, PersonName, Roster};
use crate::watch::escalation::schedule::OnCall;
use crate::watch::escalation::zone::DAY;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// What is known of one contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Proof {
    /// When a person last acknowledged something that went there.
    proven: Option<Timestamp>,
    /// When the next test page goes.
    test: Timestamp,
    /// Until when the last test page may be acknowledged.
    answer: Option<Wait>,
}

impl Proof {
    pub(super) fn due(&self) -> Option<Timestamp> {
        let answer = self.answer.map(|answer| answer.due());
        Some(answer.map_or(self.test, |answer| answer.min(self.test)))
    }

    pub(super) fn rebase(&mut self, now: Timestamp) {
        if let Some(answer) = &mut self.answer {
            answer.rebase(now);
        }
        self.proven = self.proven.map(|at| at.min(now));
        // A week is the longest that a test may be away.
        if self.test > now.plus(DAY * 8) {
            self.test = now;
        }
    }

    fn holds(&self, now: Timestamp, roster: &Roster) -> bool {
        let lasts = Duration::from_secs(roster.limits.proof_lasts_s);
        self.proven.is_some_and(|at| now.since(at) <= lasts)
    }
}

/// Gaps in the schedules that have been told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gaps {
    /// Until the next look; none before the first.
    looks: Option<Wait>,
    /// Rotation, beginning and end of what was told.
    told: BTreeSet<(String, Timestamp, Timestamp)>,
}

impl Gaps {
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.looks.map(|looks| looks.due())
    }

    pub(super) fn rebase(&mut self, now: Timestamp) {
        if let Some(looks) = &mut self.looks {
            looks.rebase(now);
        }
    }
}

impl Paging {
    /// A person's contacts: those that are proven first, otherwise as configured.
    pub(super) fn contacts(
        &self,
        person: &PersonName,
        now: Timestamp,
        roster: &Roster,
    ) -> VecDeque<Contact> {
        let reach = roster.people.get(person).map(|person| &person.reach);
        let mut contacts: Vec<Contact> = reach.cloned().unwrap_or_default();
        contacts.sort_by_key(|contact| {
            let proof = self.proofs.get(contact);
            !proof.is_some_and(|proof| proof.holds(now, roster))
        });
        contacts.into()
    }

    /// A person has acknowledged something that went there.
    pub(super) fn proven(&mut self, contact: Contact, now: Timestamp, roster: &Roster) {
        let Some(person) = (roster.people.values()).find(|it| it.reach.contains(&contact)) else {
            return;
        };
        let test = roster.limits.test_at.next(&person.zone, now);
        let proof = self.proofs.entry(contact).or_insert(Proof {
            proven: None,
            test,
            answer: None,
        });
        proof.proven = Some(now);
        proof.answer = None;
    }

    /// A test page was not even taken: its answer is not waited for.
    pub(super) fn test_failed(&mut self, contact: &Contact, now: Timestamp) {
        if let Some(proof) = self.proofs.get_mut(contact) {
            proof.proven = None;
            proof.answer = proof.answer.map(|_| Wait::new(now, Duration::ZERO));
        }
    }

    /// Sends the weekly test pages, and tells which were not acknowledged.
    pub(super) fn look_at_contacts(
        &mut self,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let known: BTreeSet<&Contact> = (roster.people.values())
            .flat_map(|person| &person.reach)
            .collect();
        self.proofs.retain(|contact, _| known.contains(contact));
        for (name, person) in &roster.people {
            let next = || roster.limits.test_at.next(&person.zone, now);
            for contact in &person.reach {
                let proof = self.proofs.entry(contact.clone()).or_insert_with(|| Proof {
                    proven: None,
                    test: next(),
                    answer: None,
                });
                if proof.answer.is_some_and(|answer| answer.is_over(now)) {
                    proof.answer = None;
                    effects.push(Effect::Unproven {
                        person: name.clone(),
                        contact: contact.clone(),
                    });
                }
                if proof.test > now {
                    continue;
                }
                proof.test = next();
                let answer = Duration::from_secs(roster.limits.test_answer_s);
                proof.answer = Some(Wait::new(now, answer));
                let letter = Letter {
                    person: Some(name.clone()),
                    contacts: VecDeque::from([contact.clone()]),
                    purpose: Purpose::Test,
                    incidents: BTreeSet::new(),
                };
                self.post(letter, now, roster, effects);
            }
        }
    }

    /// Once a day tells the gaps that were not told yet.
    pub(super) fn look_at_gaps(
        &mut self,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        if self.gaps.looks.is_some_and(|looks| !looks.is_over(now)) {
            return;
        }
        self.gaps.looks = Some(Wait::new(now, DAY));
        self.gaps.told.retain(|(_, _, to)| *to > now);
        let until = now.plus(Duration::from_secs(roster.limits.gaps_ahead_s));
        for (rotation, schedule) in &roster.rotations {
            for gap in schedule.gaps(now, until) {
                // What was told and goes on, or ends beyond the horizon, is no news tomorrow.
                let told = (self.gaps.told.iter()).any(|(name, from, to)| {
                    name == rotation && *from <= gap.from && gap.from < *to
                });
                let OnCall::Nobody { deliberate } = gap.who else {
                    continue;
                };
                self.gaps.told.insert((rotation.clone(), gap.from, gap.to));
                if !told {
                    effects.push(Effect::GapAhead {
                        rotation: rotation.clone(),
                        from: gap.from,
                        to: gap.to,
                        deliberate,
                    });
                }
            }
        }
    }
}
