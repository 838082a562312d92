mod asked;
mod converse;
mod creation;
mod files;
mod linked;
mod lives;
mod moves;
mod net;
mod newborn;
mod odd;
mod order;
mod people;
mod policies;
mod policy;
mod properties;
mod rejected;
mod rings;
mod rules;
mod same_node;
mod scripts;
mod show;
mod table;
mod talk;
mod texts;
mod values;
mod writes;

use net::{Net, item};
use rules::TestRules;
use show::summary;

/// One case of the table: its name, and a function that fails when it does not hold.
type Case = (&'static str, fn());

/// Cases that the design names; the table is not complete without them.
const REQUIRED: [&str; 31] = [
    "a person's edit during our write",
    "a script that assigns everything",
    "crash between write and base with a lossy map",
    "rule version change",
    "new field",
    "n:1 values",
    "one-way drift keep",
    "one-way drift restore",
    "stale observation after a newer base",
    "comment edit against delete",
    "ring of three",
    "clone with a copied marker",
    "404 is not deletion",
    "trigger leaves and re-enters",
    "conflict left",
    "conflict right",
    "conflict latest, left later",
    "conflict latest, right later",
    "conflict latest, tie",
    "conflict merge",
    "conflict hold",
    "labels merge from both sides",
    "cut and then edited",
    "hold, then release left",
    "hold, then release right",
    "a status that cannot be reached is waived",
    "hidden overwrite (R5)",
    "an unlisted channel never crosses",
    "internal never enters a public channel",
    "our own echo is dropped",
    "ping-pong by repetition",
];

#[test]
fn the_table_holds_and_is_complete() {
    let cases: Vec<Case> = [
        policy::CASES,
        scripts::CASES,
        writes::CASES,
        texts::CASES,
        lives::CASES,
        talk::CASES,
        talk::audience::CASES,
        talk::chains::CASES,
        talk::copies::CASES,
        files::CASES,
        asked::CASES,
        odd::CASES,
        rings::CASES,
        rejected::CASES,
        creation::CASES,
        people::CASES,
        moves::CASES,
        same_node::CASES,
    ]
    .concat();
    let rows = table::rows();
    println!("{} reconcile cases", cases.len() + rows.len());
    let mut names: Vec<_> = cases.iter().map(|(name, _)| *name).collect();
    names.extend(rows.iter().map(|row| row.name));
    let held = |name: &'static str, case: &dyn Fn()| {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(case));
        caught.is_err().then_some(name)
    };
    let rows_failed = rows
        .iter()
        .filter_map(|row| held(row.name, &|| table::check(row)));
    let cases_failed = cases.iter().filter_map(|(name, case)| held(name, case));
    let failed: Vec<_> = rows_failed.chain(cases_failed).collect();
    assert_eq!(failed, Vec::<&str>::new(), "these cases do not hold");
    for required in REQUIRED {
        assert!(names.contains(&required), "missing case: {required}");
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two cases have one name");
    assert!(count >= 80, "{count} cases");
}

/// Plans the first twin and compares.
fn plan_is(net: &Net, expected: &str) {
    assert_eq!(summary(&net.plan(0)), expected);
}

/// A twin in step with one field `f` of this value on both sides.
fn in_step(spec: &str, value: &str) -> Net {
    let rules = TestRules::new("a", "b").field("f", spec);
    let fields = [("f", value)];
    let mut net = Net::pair(rules, Some(item(0, &fields)), Some(item(1, &fields)));
    net.rebase(0);
    net
}
