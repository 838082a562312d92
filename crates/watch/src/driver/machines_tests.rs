//! What is due while probes begin, and going on from states that were found late.

use super::super::tests::world::{element, setup};
use super::*;
use std::time::Duration;
use twinline_core::watch::signal::Severity;

fn at(second: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).plus(Duration::from_secs(second))
}

/// Lets machines do something at a second.
fn step<T>(
    machines: &mut Machines,
    setup: &Setup,
    second: u64,
    work: impl FnOnce(&mut Machines, &mut Step<'_>) -> T,
) -> T {
    let mut step = Step::new(at(second), setup);
    work(machines, &mut step)
}

#[test]
fn while_probes_begin_nothing_is_due_that_was_passed_over() {
    let setup = setup(Vec::new(), &[]);
    let mut machines = Machines::default();
    step(&mut machines, &setup, 0, Machines::take_up);
    let host = element("host:m1");
    for second in 1..30 {
        step(&mut machines, &setup, second, |machines, step| {
            let failed = Outcome::Failed(Failure::Deadline);
            machines.observe(("health", &host), second, failed, true, step);
            machines.pass_time(true, step);
        });
        let due = machines.due(&setup);
        assert!(
            due.is_none_or(|due| due > at(second)),
            "{due:?} at {second}"
        );
    }
    // From then on it counts.
    for second in 30..33 {
        step(&mut machines, &setup, second, |machines, step| {
            let failed = Outcome::Failed(Failure::Deadline);
            machines.observe(("health", &host), second, failed, false, step);
        });
    }
    assert!(machines.book.failing().any(|it| *it == host));
}

fn fails(machines: &mut Machines, setup: &Setup, subject: &str, second: u64) {
    let signal = Signal {
        source: "test".to_owned(),
        subject: element(subject),
        state: State::Failing {
            severity: Severity::Critical,
            implicates: BTreeSet::new(),
            summary: format!("{subject} fails"),
        },
    };
    step(machines, setup, second, |machines, step| {
        machines.signal(signal, step);
    });
    step(machines, setup, second + 2, |machines, step| {
        machines.pass_time(true, step);
    });
}

#[test]
fn states_that_were_found_late_are_gone_on_from_and_no_record_is_lost() {
    let setup = setup(Vec::new(), &[]);
    let mut before = Machines::default();
    fails(&mut before, &setup, "host:m1", 0);
    let own = element("disk:m1");
    let mut machines = Machines {
        book: Book::numbered_from(IncidentId(500)),
        ..Machines::default()
    };
    assert!(machines.knows_only_of(&own));
    fails(&mut machines, &setup, "disk:m1", 100);
    assert!(machines.knows_only_of(&own));
    machines.go_on_from(before.clone(), at(110));
    assert_eq!(
        (&machines.book, &machines.paging),
        (&before.book, &before.paging)
    );
    let records = [IncidentId(1), IncidentId(500)].map(|id| machines.records.get(id).unwrap());
    assert_eq!(records[0].standing, super::super::Standing::Open);
    assert_eq!(records[1].standing, super::super::Standing::Closed);
    // Whoever knows of something else does not.
    let mut machines = Machines::default();
    fails(&mut machines, &setup, "edge:m1", 100);
    assert!(!machines.knows_only_of(&own));
}

#[test]
fn a_database_that_was_seen_meanwhile_is_compared_with_what_is_found() {
    let setup = setup(Vec::new(), &[]);
    let seen = |timeline: u32| change::Event::Seen {
        database: element("database:central"),
        fingerprint: change::Fingerprint {
            system_identifier: 7,
            timeline,
            server_version: 170_002,
            started_ms: 1000,
            leader: "db1:5432".to_owned(),
        },
    };
    let sees = |machines: &mut Machines, second: u64, event: change::Event| {
        step(machines, &setup, second, |machines, step| {
            machines.change(event, step);
        });
    };
    let check = |timeline: u32, under_way: usize| {
        let (mut before, mut machines) = (Machines::default(), Machines::default());
        sees(&mut before, 0, seen(1));
        sees(&mut machines, 100, seen(timeline));
        assert!(machines.knows_only_of(&element("disk:m1")));
        for event in machines.go_on_from(before, at(110)) {
            sees(&mut machines, 110, event);
        }
        assert_eq!(machines.changes.under_way(), under_way);
    };
    check(1, 0);
    check(2, 1);
}
