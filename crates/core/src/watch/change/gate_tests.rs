use super::*;
use crate::time::Timestamp;
use crate::watch::element::Path;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use std::time::Duration;

fn path(text: &str) -> Path {
    let words = text.split_whitespace();
    words.map(|word| word.parse().unwrap()).collect()
}

fn checks() -> [Check; 2] {
    [("canary_sync", "host:h1"), ("commit_canary", "pool:d/read")].map(|(probe, subject)| Check {
        probe: probe.to_owned(),
        subject: subject.parse().unwrap(),
    })
}

fn fingerprint() -> Fingerprint {
    Fingerprint {
        system_identifier: 7,
        timeline: 1,
        server_version: 160_004,
        started_ms: 1_000,
        leader: "db1".to_owned(),
    }
}

/// A gate and a clock, with Ada on call and two checks.
struct Desk {
    gate: Gate,
    context: Context,
    now: Timestamp,
    restarts: bool,
}

impl Desk {
    fn new() -> Self {
        Self {
            gate: Gate::default(),
            context: Context {
                on_call: BTreeSet::from(["ada".into()]),
                checks: checks().into(),
                failing: BTreeSet::new(),
                settings: Settings::default(),
            },
            now: Timestamp::parse("2026-03-07T22:00:00Z").unwrap(),
            restarts: false,
        }
    }

    fn apply(&mut self, event: Event) -> Vec<Effect> {
        if self.restarts {
            let text = serde_json::to_string(&self.gate).unwrap();
            self.gate = serde_json::from_str(&text).unwrap();
        }
        self.gate.apply(event, self.now, &self.context)
    }

    fn wait(&mut self, seconds: u64) -> Vec<Effect> {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.apply(Event::Tick)
    }

    fn plans(&mut self, elements: &str) -> Vec<Effect> {
        self.apply(Event::Plan {
            title: "PostgreSQL 17".to_owned(),
            elements: path(elements),
            from: self.now,
            until: self.now.plus(Duration::from_secs(3600)),
        })
    }

    fn ask(&mut self, change: u64, person: &str) -> Vec<Effect> {
        self.apply(Event::Ask {
            change: ChangeId(change),
            person: person.into(),
        })
    }

    fn present(&mut self, change: u64, by: &str) -> Vec<Effect> {
        self.apply(Event::Present {
            change: ChangeId(change),
            by: by.into(),
        })
    }

    fn start(&mut self, change: u64) -> Vec<Effect> {
        let change = ChangeId(change);
        self.apply(Event::Start { change })
    }

    fn verify(&mut self, change: u64) -> Vec<Effect> {
        let change = ChangeId(change);
        self.apply(Event::Verify { change })
    }

    fn finish(&mut self, change: u64) -> Vec<Effect> {
        let change = ChangeId(change);
        self.apply(Event::Finish { change })
    }

    fn abort(&mut self, change: u64) -> Vec<Effect> {
        self.apply(Event::Abort {
            change: ChangeId(change),
            by: "ada".to_owned(),
            reason: "too late".to_owned(),
        })
    }

    fn checked(&mut self, change: u64, round: u32, which: usize, passed: bool) -> Vec<Effect> {
        let check = checks()[which].clone();
        self.apply(Event::Checked {
            change: ChangeId(change),
            round,
            check,
            passed,
        })
    }

    fn sees(&mut self, change: impl FnOnce(&mut Fingerprint)) -> Vec<Effect> {
        let mut fingerprint = fingerprint();
        change(&mut fingerprint);
        self.apply(Event::Seen {
            database: "database:d".parse().unwrap(),
            fingerprint,
        })
    }

    fn hears(&mut self, by: &str) -> Vec<Effect> {
        self.apply(Event::Announced {
            database: "database:d".parse().unwrap(),
            by: by.to_owned(),
            what: "on_role_change primary".to_owned(),
        })
    }

    fn proves(&mut self, change: u64, round: u32, expected: &str) {
        self.checked(change, round, 0, true);
        check(&self.checked(change, round, 1, true), expected);
    }

    /// A change of the database that runs.
    fn running() -> Self {
        let mut desk = Self::new();
        desk.sees(|_| {});
        desk.plans("database:d pool:d/read");
        desk.present(1, "ada");
        check(&desk.start(1), "started 1");
        desk
    }
}

fn show(effect: &Effect) -> String {
    match effect {
        Effect::Planned { change } => format!("planned {change}"),
        Effect::Ask { change, person } => format!("ask {change} {person}"),
        Effect::Present { change, by } => format!("present {change} {by}"),
        Effect::Started { change } => format!("started {change}"),
        Effect::Paused { change, .. } => format!("paused {change}"),
        Effect::Resumed { change } => format!("resumed {change}"),
        Effect::WatchOpened {
            change,
            differences,
            ..
        } => format!("watch {change} {differences:?}"),
        Effect::Noted {
            change,
            differences,
            ..
        } => format!("noted {change} {differences:?}"),
        Effect::Validate {
            change,
            round,
            checks,
        } => format!("validate {change} {round} {}", checks.len()),
        Effect::Proven { change } => format!("proven {change}"),
        Effect::Finished { change } => format!("finished {change}"),
        Effect::Aborted { change, .. } => format!("aborted {change}"),
        Effect::Overran { change } => format!("overran {change}"),
        Effect::Expired { change } => format!("expired {change}"),
        Effect::Announced { change, by, .. } => format!("announced {change} {by}"),
        Effect::Page { change, why } => match why {
            Why::PresenceLapsed => format!("page {change} presence"),
            Why::NotProven { failed } => format!("page {change} {} fail", failed.len()),
            Why::AnotherDatabase => format!("page {change} another database"),
        },
        Effect::Refused { refusal } => match refusal {
            Refusal::NotProven { missing } => format!("refused {} missing", missing.len()),
            refusal => format!("refused {refusal:?}"),
        },
    }
}

fn check(effects: &[Effect], expected: &str) {
    let shown: Vec<String> = effects.iter().map(show).collect();
    let expected: Vec<&str> = expected.split("; ").filter(|it| !it.is_empty()).collect();
    assert_eq!(shown, expected);
}

#[test]
fn a_change_is_planned_started_proven_and_finished() {
    let mut desk = Desk::new();
    check(&desk.plans("database:d"), "planned 1");
    check(&desk.start(1), "refused NobodyPresent");
    check(&desk.present(1, "bo"), "refused NotOnCall");
    check(&desk.present(1, "ada"), "present 1 ada");
    check(&desk.start(1), "started 1");
    check(&desk.start(1), "refused WrongStage");
    check(&desk.finish(1), "refused 2 missing");
    check(&desk.verify(1), "validate 1 1 2");
    check(&desk.checked(1, 1, 0, true), "");
    check(&desk.finish(1), "refused 1 missing");
    check(&desk.verify(1), "");
    check(&desk.checked(1, 1, 1, true), "proven 1");
    check(&desk.verify(1), "refused WrongStage");
    check(&desk.finish(1), "finished 1");
    check(&desk.finish(1), "refused Unknown");
    assert_eq!(desk.gate.due(), None);
}

#[test]
fn it_starts_in_its_window_only() {
    let mut desk = Desk::new();
    desk.plans("database:d");
    desk.now = desk.now.minus(Duration::from_secs(60));
    desk.present(1, "ada");
    check(&desk.start(1), "refused OutsideWindow");
    desk.wait(3660);
    desk.present(1, "ada");
    check(&desk.start(1), "refused OutsideWindow");
    check(&desk.plans(""), "refused Empty");
}

#[test]
fn who_is_there_must_say_so_again_and_again() {
    let mut desk = Desk::running();
    check(&desk.wait(179), "");
    // In time she is asked, and what was not answered is not asked again and again.
    check(&desk.wait(1), "ask 1 ada");
    check(&desk.wait(119), "");
    desk.present(1, "ada");
    check(&desk.wait(299), "ask 1 ada");
    check(&desk.wait(1), "paused 1; page 1 presence");
    check(&desk.wait(60), "");
    assert_eq!(
        desk.gate.may(&path("database:d"), &desk.context),
        Answer::NoGo {
            refusal: Refusal::NobodyPresent
        }
    );
    check(&desk.present(1, "ada"), "present 1 ada; resumed 1");
    // A word of yesterday starts nothing.
    let mut desk = Desk::new();
    desk.plans("database:d");
    desk.present(1, "ada");
    desk.wait(300);
    check(&desk.start(1), "refused NobodyPresent");
}

#[test]
fn who_is_asked_is_not_there_yet_and_is_not_asked_in_a_loop() {
    let mut desk = Desk::new();
    desk.plans("database:d");
    check(&desk.ask(1, "bo"), "refused NotOnCall");
    check(&desk.ask(2, "ada"), "refused Unknown");
    check(&desk.ask(1, "ada"), "ask 1 ada");
    check(&desk.ask(1, "ada"), "");
    check(&desk.start(1), "refused NobodyPresent");
    let asked = |desk: &Desk| desk.gate.changes().flat_map(Change::asked).count();
    assert_eq!(asked(&desk), 1);
    desk.wait(30);
    check(&desk.ask(1, "ada"), "ask 1 ada");
    // What was sent is good for a while only.
    desk.wait(900);
    assert_eq!(asked(&desk), 0);
    desk.ask(1, "ada");
    desk.present(1, "ada");
    assert_eq!(asked(&desk), 0);
    // Whoever starts late in their word is asked at once.
    desk.wait(200);
    check(&desk.start(1), "started 1; ask 1 ada");
    desk.present(1, "ada");
    // Her shift is over: whoever is on call now is asked.
    desk.context.on_call = BTreeSet::from(["bo".into()]);
    check(&desk.wait(180), "ask 1 bo");
}

#[test]
fn what_does_not_pass_is_paged_once_and_tried_until_it_does() {
    let mut desk = Desk::running();
    desk.verify(1);
    desk.checked(1, 1, 0, true);
    check(&desk.checked(1, 1, 1, false), "page 1 1 fail");
    check(&desk.wait(5), "validate 1 2 2");
    // A late result of the round before is nothing.
    check(&desk.checked(1, 1, 1, true), "");
    // A check that never ends has failed.
    desk.checked(1, 2, 0, true);
    check(&desk.wait(14), "");
    check(&desk.wait(1), "validate 1 3 2");
    desk.checked(1, 3, 1, true);
    check(&desk.checked(1, 3, 0, true), "proven 1");
    // What changes after that and does not pass is paged again.
    desk.sees(|it| it.started_ms = 2_000);
    check(&desk.checked(1, 4, 0, false), "");
    check(&desk.checked(1, 4, 1, true), "page 1 1 fail");
}

#[test]
fn without_a_check_nothing_is_proven() {
    let mut desk = Desk::running();
    desk.context.checks.clear();
    check(&desk.verify(1), "validate 1 1 0");
    check(&desk.wait(15), "page 1 0 fail; validate 1 2 0");
    check(&desk.finish(1), "refused 0 missing");
}

#[test]
fn what_is_broken_off_is_proven_before_it_is_over() {
    let mut desk = Desk::new();
    desk.plans("database:d");
    check(&desk.abort(1), "aborted 1");
    let mut desk = Desk::running();
    check(&desk.abort(1), "validate 1 1 2");
    assert!(desk.gate.tightens(&path("database:d")));
    desk.checked(1, 1, 0, true);
    check(&desk.checked(1, 1, 1, true), "proven 1; aborted 1");
    assert!(!desk.gate.tightens(&path("database:d")));
}

#[test]
fn an_upgrade_that_nobody_planned_is_validated_at_once() {
    let mut desk = Desk::new();
    check(&desk.sees(|_| {}), "");
    check(&desk.sees(|_| {}), "");
    let upgraded = |it: &mut Fingerprint| {
        it.timeline = 2;
        it.server_version = 160_005;
        it.leader = "db2".to_owned();
    };
    check(
        &desk.sees(upgraded),
        "watch 1 {Timeline, ServerVersion, Leader}; validate 1 1 2",
    );
    assert!(desk.gate.tightens(&path("database:d pool:d/read")));
    check(&desk.abort(1), "refused WrongStage");
    desk.checked(1, 1, 0, true);
    check(&desk.checked(1, 1, 1, false), "page 1 1 fail");
    // It changes again meanwhile: all is asked anew, in the same watch.
    let restarted = |it: &mut Fingerprint| {
        upgraded(it);
        it.started_ms = 2_000;
    };
    check(&desk.sees(restarted), "noted 1 {Started}; validate 1 2 2");
    desk.checked(1, 2, 0, true);
    check(&desk.checked(1, 2, 1, true), "proven 1; finished 1");
}

#[test]
fn another_database_in_its_place_is_paged() {
    let mut desk = Desk::new();
    desk.sees(|_| {});
    check(
        &desk.sees(|it| it.system_identifier = 8),
        "watch 1 {SystemIdentifier}; validate 1 1 2; page 1 another database",
    );
}

#[test]
fn what_a_running_change_does_to_its_database_is_part_of_it() {
    let mut desk = Desk::running();
    check(&desk.sees(|it| it.timeline = 2), "noted 1 {Timeline}");
    desk.verify(1);
    desk.checked(1, 1, 0, true);
    check(&desk.checked(1, 1, 1, true), "proven 1");
    // Proof is of what was: a restart after it needs another.
    check(
        &desk.sees(|it| it.started_ms = 5),
        "noted 1 {Timeline, Started}; validate 1 2 2",
    );
    check(&desk.finish(1), "refused 2 missing");
}

#[test]
fn automation_hears_go_only_while_a_change_that_covers_it_runs() {
    let ask = |desk: &Desk, elements: &str| match desk.gate.may(&path(elements), &desk.context) {
        Answer::Go { change } => format!("go {change}"),
        Answer::NoGo { refusal } => format!("{refusal:?}"),
    };
    let mut desk = Desk::new();
    assert_eq!(ask(&desk, "database:d"), "Unknown");
    desk.plans("database:d");
    assert_eq!(ask(&desk, "database:d"), "WrongStage");
    desk.present(1, "ada");
    desk.start(1);
    assert_eq!(ask(&desk, "database:d"), "go 1");
    assert_eq!(ask(&desk, "database:d host:h1"), "Unknown");
    assert_eq!(ask(&desk, ""), "Empty");
    desk.verify(1);
    assert_eq!(ask(&desk, "database:d"), "WrongStage");
}

#[test]
fn automation_hears_no_while_what_would_prove_it_fails_or_changed_unproven() {
    let mut desk = Desk::running();
    let elements = path("database:d");
    desk.context.failing.insert(checks()[1].clone());
    let Answer::NoGo { refusal } = desk.gate.may(&elements, &desk.context) else {
        panic!("commits hang");
    };
    assert_eq!(
        refusal,
        Refusal::Failing {
            failing: BTreeSet::from([checks()[1].clone()])
        }
    );
    desk.context.failing.clear();
    let change = ChangeId(1);
    assert_eq!(
        desk.gate.may(&elements, &desk.context),
        Answer::Go { change }
    );
    // It changed before the plan was started, and that is not proven yet.
    let mut desk = Desk::new();
    desk.sees(|_| {});
    desk.sees(|it| it.timeline = 2);
    desk.plans("database:d");
    desk.present(2, "ada");
    check(&desk.start(2), "started 2");
    let missing = checks().into();
    assert_eq!(
        desk.gate.may(&elements, &desk.context),
        Answer::NoGo {
            refusal: Refusal::NotProven { missing }
        }
    );
    desk.proves(1, 1, "proven 1; finished 1");
    let change = ChangeId(2);
    assert_eq!(
        desk.gate.may(&elements, &desk.context),
        Answer::Go { change }
    );
}

#[test]
fn what_is_announced_is_proven_whether_it_is_seen_or_not() {
    let mut desk = Desk::new();
    desk.sees(|_| {});
    check(
        &desk.hears("db2"),
        "watch 1 {}; validate 1 1 2; announced 1 db2",
    );
    // Then it is seen: in the same watch, and proven anew.
    check(
        &desk.sees(|it| it.timeline = 2),
        "noted 1 {Timeline}; validate 1 2 2",
    );
    desk.proves(1, 2, "proven 1; finished 1");
    // Another one tells of it a moment later: it is the same.
    check(&desk.hears("db1"), "announced 1 db1");
    desk.wait(60);
    check(
        &desk.hears("db1"),
        "watch 2 {}; validate 2 1 2; announced 2 db1",
    );
    // What a person does is their change, and what was proven of it is not any more.
    let mut desk = Desk::running();
    check(&desk.hears("db1"), "announced 1 db1");
    check(&desk.verify(1), "validate 1 1 2");
    desk.proves(1, 1, "proven 1");
    check(&desk.hears("db1"), "announced 1 db1; validate 1 2 2");
}

#[test]
fn what_nobody_starts_is_forgotten_and_there_are_not_too_many() {
    let mut desk = Desk::new();
    for _ in 0..32 {
        desk.plans("database:d");
    }
    check(&desk.plans("database:d"), "refused TooMany");
    check(&desk.hears("db1"), "refused TooMany");
    check(&desk.wait(3600 + 86_399), "");
    assert_eq!(desk.wait(1).len(), 32);
    check(&desk.plans("database:d"), "planned 33");
    desk.gate = Gate::numbered_from(ChangeId(70));
    check(&desk.plans("database:d"), "planned 70");
}

#[test]
fn a_change_that_takes_longer_says_so_once() {
    let mut desk = Desk::running();
    let mut overran = 0;
    for _ in 0..100 {
        desk.present(1, "ada");
        let effects = desk.wait(60);
        overran += effects
            .iter()
            .filter(|it| matches!(it, Effect::Overran { .. }))
            .count();
    }
    assert_eq!(overran, 1);
}

#[derive(Clone, Debug)]
enum Step {
    Plan,
    Present(u64),
    Start(u64),
    Verify(u64),
    Finish(u64),
    Abort(u64),
    Checked(u64, u32, usize, bool),
    Seen(u32, i64),
    Announced,
    Wait(u64),
    Back(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let change = || 1_u64..4;
    prop_oneof![
        1 => Just(Step::Plan),
        3 => change().prop_map(Step::Present),
        2 => change().prop_map(Step::Start),
        2 => change().prop_map(Step::Verify),
        2 => change().prop_map(Step::Finish),
        1 => change().prop_map(Step::Abort),
        8 => (change(), 1_u32..4, 0_usize..2, prop::bool::weighted(0.8))
            .prop_map(|(a, b, c, d)| Step::Checked(a, b, c, d)),
        1 => (1_u32..3, 1_i64..3).prop_map(|(a, b)| Step::Seen(a, b)),
        1 => Just(Step::Announced),
        3 => select(vec![0_u64, 1, 5, 15, 200, 4000]).prop_map(Step::Wait),
        1 => select(vec![10_u64, 4000]).prop_map(Step::Back),
    ]
}

fn take(desk: &mut Desk, step: &Step) -> Vec<Effect> {
    match step {
        Step::Plan => desk.plans("database:d"),
        Step::Present(change) => desk.present(*change, "ada"),
        Step::Start(change) => desk.start(*change),
        Step::Verify(change) => desk.verify(*change),
        Step::Finish(change) => desk.finish(*change),
        Step::Abort(change) => desk.abort(*change),
        Step::Checked(change, round, which, passed) => {
            desk.checked(*change, *round, *which, *passed)
        }
        Step::Seen(timeline, started) => desk.sees(|it| {
            it.timeline = *timeline;
            it.started_ms = *started;
        }),
        Step::Announced => desk.hears("db2"),
        Step::Wait(seconds) => desk.wait(*seconds),
        Step::Back(seconds) => {
            desk.now = desk.now.minus(Duration::from_secs(*seconds));
            desk.apply(Event::Tick)
        }
    }
}

proptest! {
    /// Keeps its own books of what passed in the round that was asked for last.
    #[test]
    fn only_proof_finishes(steps in prop::collection::vec(step(), 0..120)) {
        let mut desk = Desk::new();
        let mut round = std::collections::BTreeMap::new();
        let mut passed: BTreeSet<(u64, u32, usize)> = BTreeSet::new();
        let mut begun = BTreeSet::new();
        for step in &steps {
            let effects = take(&mut desk, step);
            if let Step::Checked(change, number, which, true) = step
                && round.get(&ChangeId(*change)) == Some(number)
            {
                passed.insert((*change, *number, *which));
            }
            for effect in &effects {
                match effect {
                    Effect::Validate { change, round: number, .. } => {
                        round.insert(*change, *number);
                    }
                    Effect::Started { change } => {
                        begun.insert(*change);
                    }
                    Effect::Finished { change } | Effect::Proven { change } => {
                        let number = round[change];
                        for which in 0..2 {
                            prop_assert!(passed.contains(&(change.0, number, which)), "{change}");
                        }
                    }
                    Effect::Aborted { change, .. } if begun.contains(change) => {
                        prop_assert!(passed.contains(&(change.0, round[change], 0)));
                    }
                    _ => {}
                }
            }
            // Nobody there, nothing runs; and what is due has been done.
            for change in desk.gate.changes() {
                prop_assert!(change.stage != Stage::Running || change.present().is_some());
            }
            prop_assert!(desk.gate.due().is_none_or(|due| due > desk.now), "{effects:?}");
        }
    }

    #[test]
    fn a_stored_gate_goes_on_as_if_nothing_had_been(steps in prop::collection::vec(step(), 0..120)) {
        let (mut kept, mut stored) = (Desk::new(), Desk::new());
        stored.restarts = true;
        for step in &steps {
            prop_assert_eq!(take(&mut kept, step), take(&mut stored, step));
        }
        prop_assert_eq!(kept.gate, stored.gate);
    }
}
