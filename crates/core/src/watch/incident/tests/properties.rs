//! Whatever happens, in whichever order.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

/// A small world: eight nodes on four hosts on two machines, a database, a tracker.
fn failure() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        (0_usize..8).prop_map(|node| {
            let host = node % 4;
            (
                format!("node:{node}"),
                format!("host:h{host} machine:m{} database:d tracker:t", host % 2),
            )
        }),
        (0_usize..4).prop_map(|host| (format!("host:h{host}"), format!("machine:m{}", host % 2))),
        select(vec!["database:d", "machine:m0", "tracker:t", "edge:e"])
            .prop_map(|element| (element.to_owned(), String::new())),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Fails(String, String, Severity),
    Passes(String),
    Reports(usize, Option<usize>, String),
    Wait(u64),
    Back(u64),
    Resolve(u64),
    Dismiss(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let severity = select(vec![Severity::Info, Severity::Warning, Severity::Critical]);
    prop_oneof![
        6 => (failure(), severity).prop_map(|((a, b), severity)| Step::Fails(a, b, severity)),
        4 => failure().prop_map(|(subject, _)| Step::Passes(subject)),
        1 => (0_usize..1000, prop::option::of(0_usize..3), failure())
            .prop_map(|(id, tenant, (about, _))| Step::Reports(id, tenant, about)),
        4 => select(vec![0_u64, 1, 1, 5, 20, 400, 1000]).prop_map(Step::Wait),
        1 => select(vec![1_u64, 5000]).prop_map(Step::Back),
        1 => (1_u64..6).prop_map(Step::Resolve),
        1 => (1_u64..6).prop_map(Step::Dismiss),
    ]
}

fn take(desk: &mut Desk, step: &Step) -> Vec<Effect> {
    match step {
        Step::Fails(subject, implicates, severity) => {
            desk.says("probe", subject, Some((*severity, implicates)))
        }
        Step::Passes(subject) => desk.passes(subject),
        Step::Reports(id, tenant, about) => {
            let tenant = tenant.map(|tenant| format!("t{tenant}"));
            desk.reports(&format!("r{id}"), tenant.as_deref(), about)
        }
        Step::Wait(seconds) => desk.wait(*seconds),
        Step::Back(seconds) => {
            desk.now = desk.now.minus(Duration::from_secs(*seconds));
            desk.apply(Event::Tick)
        }
        Step::Resolve(incident) => desk.apply(Event::Resolve {
            incident: IncidentId(*incident),
            by: "ada".to_owned(),
        }),
        Step::Dismiss(incident) => desk.apply(Event::Dismiss {
            incident: IncidentId(*incident),
            by: "ada".to_owned(),
            reason: "known".to_owned(),
        }),
    }
}

/// What must hold at any moment.
fn hold(desk: &Desk) -> Result<(), TestCaseError> {
    let mut seen = Path::new();
    let mut named = Path::new();
    for incident in desk.book.incidents() {
        prop_assert!(incident.failing.is_subset(&incident.members));
        prop_assert!(
            named.insert(incident.element.clone()),
            "two of {}",
            incident.element
        );
        prop_assert!(incident.element.kind != "tracker".parse().unwrap());
        for member in &incident.failing {
            prop_assert!(
                seen.insert(member.clone()),
                "{member} fails in two incidents"
            );
        }
        if incident.phase != Phase::Open {
            prop_assert!(incident.failing.is_empty());
            prop_assert!(desk.book.due(&desk.settings).is_some());
        }
    }
    let failing: Path = desk.book.failing().cloned().collect();
    prop_assert!(seen.is_subset(&failing));
    Ok(())
}

proptest! {
    #[test]
    fn the_order_within_a_window_is_nothing(
        failures in prop::collection::btree_map(
            failure().prop_map(|(subject, _)| subject), any::<u64>(), 1..16),
        before in prop::collection::vec(step(), 0..12),
    ) {
        let implicates = |subject: &str| {
            let host = |host: usize| format!("machine:m{}", host % 2);
            match subject.split_once(':').unwrap() {
                ("node", number) => {
                    let on = number.parse::<usize>().unwrap() % 4;
                    format!("host:h{on} {} database:d tracker:t", host(on))
                }
                ("host", name) => host(name[1..].parse().unwrap()),
                _ => String::new(),
            }
        };
        let mut straight = Desk::new();
        let mut shuffled = Desk::new();
        for step in &before {
            take(&mut straight, step);
            take(&mut shuffled, step);
        }
        // No window is open.
        straight.wait(2);
        shuffled.wait(2);
        let mut other: Vec<(&String, &u64)> = failures.iter().collect();
        other.sort_by_key(|(_, order)| **order);
        for subject in failures.keys() {
            straight.fails(subject, &implicates(subject));
        }
        for (subject, _) in other {
            shuffled.fails(subject, &implicates(subject));
        }
        prop_assert_eq!(straight.wait(1), shuffled.wait(1));
        prop_assert_eq!(straight.book, shuffled.book);
    }

    #[test]
    fn every_failure_has_an_incident_or_a_reason(steps in prop::collection::vec(step(), 0..60)) {
        let mut desk = Desk::new();
        let mut reasons = Path::new();
        // The last window ends too.
        for step in steps.iter().chain([&Step::Wait(1)]) {
            for effect in take(&mut desk, step) {
                if let Effect::NotDeclared { what: Undeclared::Subjects { subjects }, .. } = &effect {
                    reasons.extend(subjects.iter().cloned());
                }
                if let Effect::Dismissed { .. } = &effect {
                    reasons.extend(desk.book.failing().cloned());
                }
            }
            hold(&desk)?;
        }
        let declared: Path = desk.book.incidents().flat_map(|it| it.failing.clone()).collect();
        for subject in desk.book.failing() {
            prop_assert!(declared.contains(subject) || reasons.contains(subject), "{subject}");
        }
    }

    #[test]
    fn a_stored_book_goes_on_as_if_nothing_had_been(steps in prop::collection::vec(step(), 0..60)) {
        let (mut kept, mut stored) = (Desk::new(), Desk::new());
        stored.restarts = true;
        for step in &steps {
            prop_assert_eq!(take(&mut kept, step), take(&mut stored, step));
        }
        prop_assert_eq!(kept.book, stored.book);
    }

    #[test]
    fn everything_ends_when_all_is_well(steps in prop::collection::vec(step(), 0..60)) {
        let mut desk = Desk::new();
        for step in &steps {
            take(&mut desk, step);
        }
        desk.wait(1);
        let failing: Vec<Element> = desk.book.failing().cloned().collect();
        for subject in failing {
            desk.passes(&subject.to_string());
        }
        let open: Vec<IncidentId> = desk.book.incidents().map(|it| it.id).collect();
        for incident in open {
            let by = "ada".to_owned();
            desk.apply(Event::Resolve { incident, by });
        }
        desk.wait(3600);
        desk.wait(3600);
        prop_assert_eq!(desk.incidents(), [""; 0]);
        prop_assert_eq!(desk.book.due(&desk.settings), None);
    }
}
