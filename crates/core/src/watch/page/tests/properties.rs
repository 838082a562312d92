//! Whatever happens, the page says only what is true.

use super::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const ELEMENTS: [&str; 7] = [
    "host:h1",
    "host:h2",
    "canary_sync:h1",
    "edge:e1",
    "database:central",
    "pool:central/read",
    "node:a",
];

#[derive(Clone, Debug)]
enum Step {
    Incident(u64, Vec<&'static str>),
    Recovered(u64),
    Merged(u64, u64),
    Veto(u64),
    Post(u64, Stage),
    Wait(u64),
    Back(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let incident = || 1_u64..5;
    let stage = select(vec![
        Stage::Investigating,
        Stage::Identified,
        Stage::Monitoring,
        Stage::Resolved,
        Stage::Postmortem,
    ]);
    prop_oneof![
        5 => (incident(), subsequence(ELEMENTS.to_vec(), 1..=4)).prop_map(|(a, b)| Step::Incident(a, b)),
        2 => incident().prop_map(Step::Recovered),
        1 => (incident(), incident()).prop_map(|(a, b)| Step::Merged(a, b)),
        1 => incident().prop_map(Step::Veto),
        2 => (incident(), stage).prop_map(|(a, b)| Step::Post(a, b)),
        4 => select(vec![0_u64, 5, 20, 600, 86_400]).prop_map(Step::Wait),
        1 => select(vec![10_u64, 5000]).prop_map(Step::Back),
    ]
}

fn take(desk: &mut Desk, step: &Step) -> Vec<Effect> {
    match step {
        Step::Incident(incident, failing) => {
            desk.incident(*incident, "database:central", &failing.join(" "))
        }
        Step::Recovered(incident) => desk.recovered(*incident),
        Step::Merged(incident, into) if incident != into => desk.apply(Event::Merged {
            incident: IncidentId(*incident),
            into: IncidentId(*into),
        }),
        Step::Merged(..) => Vec::new(),
        Step::Veto(incident) => desk.apply(Event::Veto {
            incident: IncidentId(*incident),
            by: "ada".to_owned(),
            reason: "a drill".to_owned(),
        }),
        Step::Post(incident, stage) => desk.posts(*incident, *stage),
        Step::Wait(seconds) => desk.wait(*seconds),
        Step::Back(seconds) => {
            desk.now = desk.now.minus(Duration::from_secs(*seconds));
            desk.apply(Event::Tick)
        }
    }
}

proptest! {
    #[test]
    fn it_says_only_what_is_true(steps in prop::collection::vec(step(), 0..50)) {
        let mut desk = Desk::new();
        for step in &steps {
            let effects = take(&mut desk, step);
            let mut failing = std::collections::BTreeSet::new();
            for entry in desk.status.entries() {
                if entry.is_published() {
                    failing.extend(entry.failing.keys().map(|it| it.kind.as_str()));
                    prop_assert!(!entry.updates.is_empty() && !entry.name.is_empty());
                    // Nothing that fails is said to be over.
                    prop_assert!(entry.failing.is_empty() || entry.stage < Stage::Monitoring);
                } else {
                    prop_assert!(entry.updates.is_empty());
                }
                // Watch itself never says that it is over, but for what goes on elsewhere.
                let own = entry.updates.iter().filter(|it| it.author == Author::Watch);
                for update in own.filter(|it| it.stage >= Stage::Resolved) {
                    prop_assert!(update.body.contains("goes on there"));
                }
            }
            let states = desk.states();
            prop_assert_eq!(&states[0..1] != "o", failing.contains("host") || failing.contains("canary_sync"));
            prop_assert_eq!(&states[1..2] != "o", failing.contains("edge"));
            prop_assert_eq!(&states[2..3], if failing.contains("database") { "d" } else { "o" });
            // What the page shows is what its history ends with.
            for component in &desk.page.components {
                let last = desk.status.history(&component.name).and_then(History::state);
                prop_assert_eq!(last, Some(desk.status.state(component, &desk.page)));
            }
            // What is due has been done.
            prop_assert!(desk.status.due(&desk.page).is_none_or(|due| due > desk.now), "{effects:?}");
        }
    }

    #[test]
    fn what_affects_the_public_is_published_in_time(
        steps in prop::collection::vec(step(), 0..30),
        failing in subsequence(ELEMENTS[..5].to_vec(), 1..=4),
    ) {
        let mut desk = Desk::new();
        for step in &steps {
            take(&mut desk, step);
        }
        desk.incident(9, "database:central", &failing.join(" "));
        desk.wait(20);
        prop_assert!(desk.status.entry(IncidentId(9)).unwrap().is_published());
    }

    #[test]
    fn a_stored_page_goes_on_as_if_nothing_had_been(steps in prop::collection::vec(step(), 0..50)) {
        let (mut kept, mut stored) = (Desk::new(), Desk::new());
        stored.restarts = true;
        for step in &steps {
            prop_assert_eq!(take(&mut kept, step), take(&mut stored, step));
        }
        prop_assert_eq!(kept.status, stored.status);
    }
}
