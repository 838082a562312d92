//! What a host does not say of a node is never taken for its being well.

use super::*;
use crate::probe::{Fixed, Web};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicI64, Ordering};
use twinline_core::watch::probe::Failure;
use twinline_trackers::http::{Secret, Way};

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst) * 1000)
    }
}

/// A probe of the node `a`, which may be 60 s behind, at second 1000.
struct Bench {
    clock: Arc<Hand>,
    sweeps: Sweeps,
}

impl Bench {
    fn new() -> Self {
        Self::of(Measure::Swept)
    }

    fn of(measure: Measure) -> Self {
        let clock = Arc::new(Hand(AtomicI64::new(1000)));
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let behind = [("a".to_owned(), Duration::from_secs(60))].into();
        let web = Arc::new(Web::new(Secret::new("token"), Way::plain()).unwrap());
        let hosts = Hosts::new(web, vec![Arc::new(Fixed(nowhere))], Duration::from_secs(1));
        let sweeps = Sweeps::new(hosts, clock.clone(), behind, measure);
        Self { clock, sweeps }
    }

    /// Another configuration's probe of these nodes, which goes on from this one.
    fn edited(self, nodes: &[&str]) -> Self {
        let accounts = self.sweeps.accounts.clone();
        let of = |node: &&str| ((*node).to_owned(), Duration::from_secs(60));
        let next = Self::of(self.sweeps.measure);
        let mut sweeps = next.sweeps.keeping(accounts);
        sweeps.behind_max = nodes.iter().map(of).collect();
        Self {
            clock: next.clock,
            sweeps,
        }
    }

    /// What is found at this second in this answer.
    fn check(&self, second: i64, status: &Json, expected: &str) {
        self.clock.0.store(second, Ordering::SeqCst);
        let kept = &self.sweeps.behind_max;
        self.sweeps.accounts.retain(self.sweeps.measure, kept);
        let found = match self.sweeps.judge("a", Duration::from_secs(60), status) {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Unseen => "unseen".to_owned(),
            Outcome::Failed(Failure::Answer { detail }) => detail,
            Outcome::Failed(failure) => format!("{failure:?}"),
        };
        assert_eq!(found, expected, "{status}");
    }
}

fn node(state: &str, scopes: u64, accounted: &[Option<i64>]) -> Json {
    let ledger: Vec<Json> = (accounted.iter())
        .map(|to| json!({ "node": "a", "accounted_to": to.map(|to| to * 1000) }))
        .collect();
    let node = json!({ "node": "a", "state": { "state": state }, "scopes": scopes });
    json!({ "nodes": [node], "ledger": ledger })
}

#[test]
fn a_node_is_as_far_as_its_oldest_line() {
    let bench = Bench::new();
    bench.check(
        1000,
        &node("open", 1, &[Some(950), None, Some(990)]),
        "passed",
    );
    let late = "its changes are accounted for up to 61 s ago";
    bench.check(1011, &node("open", 1, &[Some(950), Some(1010)]), late);
}

#[test]
fn what_a_person_paused_or_is_in_no_connection_is_well() {
    let bench = Bench::new();
    bench.check(1000, &node("paused", 1, &[Some(0)]), "passed");
    bench.check(1100, &node("open", 0, &[]), "passed");
    bench.check(1200, &node("paused", 1, &[]), "passed");
    // From now on it is read.
    bench.check(1230, &node("open", 1, &[]), "unseen");
}

#[test]
fn a_node_that_never_worked_is_told_of() {
    let bench = Bench::new();
    let never = node("credentials", 2, &[None]);
    bench.check(1000, &never, "unseen");
    bench.check(1060, &never, "unseen");
    let late = "none of its changes has been accounted for in 61 s";
    bench.check(1061, &never, late);
    bench.check(1070, &node("open", 2, &[Some(1065)]), "passed");
}

/// A fleet's answer without the node: the groups by machine, how they do and how many nodes they have; others that are told
/// of.
fn fleet(groups: &[(Option<&str>, &str, u64)], others: usize) -> Json {
    let groups: Vec<Json> = (groups.iter())
        .map(
            |(machine, state, nodes)| json!({ "machine": machine, "state": state, "nodes": nodes }),
        )
        .collect();
    let nodes: Vec<Json> = (0..others)
        .map(|number| json!({ "node": format!("other-{number}") }))
        .collect();
    json!({ "nodes": nodes, "ledger": [], "groups": groups })
}

#[test]
fn a_node_whose_group_nobody_has_is_not_well() {
    let bench = Bench::new();
    bench.check(1000, &node("open", 1, &[Some(990)]), "passed");
    let works = (Some("m1"), "works", 2);
    let lost = fleet(&[works, (None, "", 3)], 2);
    bench.check(1040, &lost, "unseen");
    let late = "no host has said anything of it for 61 s, and 1 of 2 groups of nodes are at work";
    bench.check(1051, &lost, late);
    let silent = fleet(
        &[works, (Some("m2"), "is on 'm2', which does not answer", 3)],
        2,
    );
    bench.check(1051, &silent, late);
    // Its owner works and did not answer this time.
    let missing = fleet(&[works, (Some("m2"), "works", 3)], 2);
    bench.check(1045, &missing, "unseen");
}

#[test]
fn a_node_that_was_behind_is_not_well_when_its_host_dies() {
    let bench = Bench::new();
    let late = "its changes are accounted for up to 100 s ago";
    bench.check(1000, &node("open", 1, &[Some(900)]), late);
    let late = "no host has said anything of it for 101 s, and 0 of 1 groups of nodes are at work";
    bench.check(1001, &fleet(&[(None, "", 1)], 0), late);
    // And for a watch that has started since, it is at least not well.
    Bench::new().check(1001, &fleet(&[(None, "", 1)], 0), "unseen");
}

#[test]
fn a_node_that_the_only_host_does_not_know_is_not_well() {
    let bench = Bench::new();
    let unknown = json!({ "nodes": [], "ledger": [], "groups": null });
    bench.check(1000, &unknown, "unseen");
    bench.check(1061, &unknown, "its host has said nothing of it for 61 s");
}

#[test]
fn a_node_that_no_group_has_is_in_no_connection() {
    let bench = Bench::new();
    let all = fleet(&[(Some("m1"), "works", 2), (Some("m2"), "works", 1)], 3);
    bench.check(1000, &all, "passed");
    bench.check(2000, &all, "passed");
    bench.check(2000, &fleet(&[], 0), "passed");
}

/// A ledger of node `a` with a line for each kind of change: up to which second sweeps and audits have accounted for it.
fn ledger(lines: &[(&str, Option<i64>, Option<i64>)]) -> Json {
    let lines: Vec<Json> = (lines.iter())
        .map(|(kind, swept, audited)| {
            let [swept, audited] = [swept, audited].map(|at| at.map(|at| at * 1000));
            json!({ "node": "a", "kind": kind, "accounted_to": swept, "audited_to": audited })
        })
        .collect();
    let node = json!({ "node": "a", "state": { "state": "open" }, "scopes": 1 });
    json!({ "nodes": [node], "ledger": lines })
}

#[test]
fn a_ledger_is_whole_when_sweeps_or_audits_account_for_every_kind() {
    let audited = |kind| (kind, None, Some(900));
    let mut lines = vec![
        ("created", Some(990), None),
        ("field", Some(990), Some(10)),
        ("comment_added", Some(10), Some(995)),
        audited("comment_edited"),
        audited("comment_deleted"),
        audited("deleted"),
        audited("moved"),
    ];
    let bench = Bench::of(Measure::Whole);
    bench.check(960, &ledger(&lines), "passed");
    let late = "not every kind of its changes is accounted for since 61 s ago: no audit has ended";
    bench.check(961, &ledger(&lines), late);
    lines.pop();
    let bench = Bench::of(Measure::Whole);
    bench.check(1000, &ledger(&lines), "passed");
    let never = "some kind of its changes has not been accounted for in 61 s: no audit has ended";
    bench.check(1061, &ledger(&lines), never);
    // What sweeps see is another matter.
    Bench::new().check(65, &ledger(&lines), "passed");
}

#[test]
fn an_edit_of_the_configuration_makes_no_gap_begin_anew() {
    let never = ledger(&[("created", Some(990), None)]);
    let late = "some kind of its changes has not been accounted for in 61 s: no audit has ended";
    let bench = Bench::of(Measure::Whole);
    bench.check(1000, &never, "passed");
    let bench = bench.edited(&["a", "b"]);
    bench.check(1050, &never, "passed");
    let bench = bench.edited(&["a"]);
    bench.check(1061, &never, late);
    // By the other measure it is looked at for the first time.
    let swept = Bench::new();
    let sweeps = swept.sweeps.keeping(bench.sweeps.accounts.clone());
    let swept = Bench {
        clock: swept.clock,
        sweeps,
    };
    swept.check(1062, &json!({ "nodes": [], "ledger": [] }), "unseen");
    // One that was not there meanwhile is another one.
    let bench = bench.edited(&["b"]);
    bench.check(1070, &never, "passed");
    let bench = bench.edited(&["a"]);
    bench.check(1120, &never, "passed");
}
