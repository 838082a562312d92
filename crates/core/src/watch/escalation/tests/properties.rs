//! Whatever happens, no page is lost.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Opened(u64, Severity),
    Raised(u64, Severity),
    Merged(u64, u64),
    Recovered(u64),
    Ended(u64),
    Acknowledged(u64, &'static str),
    /// The oldest page that its channel has not answered is taken, or not.
    Answered(bool),
    TestAcknowledged(&'static str),
    Wait(u64),
    Back(u64),
    /// The configuration is broken by an edit, or mended.
    Roster(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let severity = || select(vec![Severity::Info, Severity::Warning, Severity::Critical]);
    let incident = || 1_u64..10;
    prop_oneof![
        6 => (incident(), severity()).prop_map(|(it, severity)| Step::Opened(it, severity)),
        1 => (incident(), severity()).prop_map(|(it, severity)| Step::Raised(it, severity)),
        1 => (incident(), incident()).prop_map(|(a, b)| Step::Merged(a, b)),
        1 => incident().prop_map(Step::Recovered),
        1 => incident().prop_map(Step::Ended),
        2 => (incident(), select(vec!["ada", "bo", "nobody"])).prop_map(|(a, b)| Step::Acknowledged(a, b)),
        8 => any::<bool>().prop_map(Step::Answered),
        1 => select(vec!["sms:1", "mail:ada", "mail:bo", "fax:0"]).prop_map(Step::TestAcknowledged),
        8 => select(vec![0_u64, 1, 10, 60, 180, 600, 900, 86_400]).prop_map(Step::Wait),
        1 => select(vec![1_u64, 600, 864_000]).prop_map(Step::Back),
        1 => (0_usize..4).prop_map(Step::Roster),
    ]
}

fn rosters(which: usize) -> Roster {
    let mut changed = roster();
    match which {
        0 => {}
        1 => changed.policies.clear(),
        2 => changed.rotations.clear(),
        _ => changed = Roster::default(),
    }
    changed
}

struct World {
    desk: Desk,
    /// Pages that no channel has answered.
    waiting: BTreeMap<u64, ()>,
}

impl World {
    fn new(restarts: bool) -> Self {
        let mut desk = Desk::new();
        desk.restarts = restarts;
        Self {
            desk,
            waiting: BTreeMap::new(),
        }
    }

    fn take(&mut self, step: &Step) -> Vec<Effect> {
        let incident = |it: u64| IncidentId(it);
        let desk = &mut self.desk;
        let effects = match step {
            Step::Opened(it, severity) => desk.opens(*it, *severity),
            Step::Raised(it, severity) => desk.apply(Event::Raised {
                incident: incident(*it),
                severity: *severity,
            }),
            Step::Merged(it, into) if it != into => desk.apply(Event::Merged {
                incident: incident(*it),
                into: incident(*into),
            }),
            Step::Merged(..) => Vec::new(),
            Step::Recovered(it) => desk.apply(Event::Recovered {
                incident: incident(*it),
            }),
            Step::Ended(it) => desk.apply(Event::Ended {
                incident: incident(*it),
            }),
            Step::Acknowledged(it, by) => desk.acknowledges(*it, by),
            Step::Answered(taken) => match self.waiting.pop_first() {
                Some((attempt, ())) if *taken => desk.sent(attempt),
                Some((attempt, ())) => desk.fails(attempt),
                None => Vec::new(),
            },
            Step::TestAcknowledged(contact) => desk.apply(Event::TestAcknowledged {
                contact: contact.parse().unwrap(),
            }),
            Step::Wait(seconds) => desk.wait(*seconds),
            Step::Back(seconds) => {
                desk.now = desk.now.minus(Duration::from_secs(*seconds));
                desk.apply(Event::Tick)
            }
            Step::Roster(which) => {
                desk.roster = rosters(*which);
                desk.apply(Event::Tick)
            }
        };
        for effect in &effects {
            if let Effect::Page { attempt, .. } = effect {
                self.waiting.insert(attempt.0, ());
            }
        }
        effects
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..80)
}

proptest! {
    #[test]
    fn an_open_critical_incident_always_has_a_next_page(steps in steps()) {
        let mut world = World::new(false);
        for step in &steps {
            world.take(step);
            let desk = &world.desk;
            for call in desk.paging.calls() {
                let next = desk.paging.next_page(call.brief.incident);
                if call.is_open() && call.brief.severity == Severity::Critical {
                    let next = next.ok_or_else(|| TestCaseError::fail(format!("{call:?}")))?;
                    prop_assert!(next > desk.now, "it was due already");
                    prop_assert!(next <= desk.now.plus(Duration::from_secs(900)));
                    prop_assert!(desk.paging.due().is_some_and(|due| due <= next));
                }
                if !call.is_open() {
                    prop_assert_eq!(next, None);
                }
            }
        }
    }

    /// A page, or a digest, really comes: within a quarter of an hour, and again.
    #[test]
    fn whoever_is_not_acknowledged_is_called(steps in steps()) {
        let mut world = World::new(false);
        for step in &steps {
            world.take(step);
        }
        world.take(&Step::Roster(0));
        let open: Vec<IncidentId> = (world.desk.paging.calls())
            .filter(|call| call.is_open() && call.brief.severity == Severity::Critical)
            .map(|call| call.brief.incident)
            .collect();
        let mut pages: BTreeMap<IncidentId, usize> = BTreeMap::new();
        for _ in 0..120 {
            // Every other page is taken.
            for effect in world.take(&Step::Wait(60)) {
                if let Effect::Page { attempt, purpose: Purpose::Incident | Purpose::Digest, incidents, .. } = effect {
                    for incident in incidents {
                        *pages.entry(incident).or_default() += 1;
                    }
                    if attempt.0 % 2 == 0 {
                        world.desk.sent(attempt.0);
                    } else {
                        world.desk.fails(attempt.0);
                    }
                }
            }
        }
        for incident in open {
            prop_assert!(pages.get(&incident).is_some_and(|pages| *pages > 3), "{incident}: {pages:?}");
        }
    }

    #[test]
    fn what_is_acknowledged_never_escalates(steps in steps()) {
        let mut world = World::new(false);
        for step in &steps {
            let mut acknowledged: Vec<IncidentId> = (world.desk.paging.calls())
                .filter(|call| call.acknowledged_by.is_some() && !call.recovered)
                .map(|call| call.brief.incident)
                .collect();
            let effects = world.take(step);
            let again = match step {
                Step::Opened(incident, _) | Step::Ended(incident) => Some(IncidentId(*incident)),
                _ => None,
            };
            for effect in &effects {
                // Who could not be told that it is worse has acknowledged something else.
                if let Effect::TakenBack { incident, .. } = effect {
                    acknowledged.retain(|it| it != incident);
                }
                if let Effect::Page { purpose: Purpose::Incident | Purpose::Digest, incidents, .. } = effect {
                    for incident in incidents {
                        prop_assert!(!acknowledged.contains(incident) || again == Some(*incident));
                    }
                }
            }
        }
    }

    #[test]
    fn no_person_gets_more_pages_than_the_limit(steps in steps()) {
        let mut world = World::new(false);
        let mut sent: Vec<(Timestamp, PersonName)> = Vec::new();
        for step in &steps {
            if let Step::Back(_) | Step::TestAcknowledged(_) = step {
                // By the clock on the wall more pages would fit into ten minutes; and sms is to be tried first.
                continue;
            }
            // Further contacts for the same page are the same page.
            let retries = matches!(step, Step::Answered(false));
            for effect in world.take(step) {
                if let Effect::Page { purpose: Purpose::Incident, person: Some(person), contact, .. } = effect {
                    let first = world.desk.roster.people.get(&person).is_some_and(|it| it.reach.len() == 1)
                        || contact.channel == "sms";
                    if first && !retries {
                        sent.push((world.desk.now, person));
                    }
                }
            }
        }
        for (at, person) in &sent {
            let within = sent.iter().filter(|(other, whom)| {
                whom == person && other >= at && other.since(*at) < Duration::from_secs(600)
            });
            prop_assert!(within.count() <= 6, "{person}");
        }
    }

    #[test]
    fn a_stored_state_goes_on_as_if_nothing_had_been(steps in steps()) {
        let (mut kept, mut stored) = (World::new(false), World::new(true));
        for step in &steps {
            prop_assert_eq!(kept.take(step), stored.take(step));
        }
        prop_assert_eq!(kept.desk.paging, stored.desk.paging);
    }

    #[test]
    fn it_comes_to_rest(steps in steps()) {
        let mut world = World::new(false);
        for step in &steps {
            world.take(step);
        }
        for incident in 1..10 {
            world.take(&Step::Ended(incident));
        }
        let mut effects = Vec::new();
        for _ in 0..10 {
            effects = world.take(&Step::Wait(600));
        }
        prop_assert!(!effects.iter().any(|it| matches!(
            it,
            Effect::Page { purpose: Purpose::Incident | Purpose::Digest, .. } | Effect::Stepped { .. }
        )), "{effects:?}");
        // Each event is handled once: nothing is due that was due already.
        prop_assert!(world.desk.paging.due().is_none_or(|due| due > world.desk.now));
    }
}
