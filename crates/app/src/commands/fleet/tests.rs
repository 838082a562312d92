use super::ask::Look;
use super::health::{not_back, unfit};
use super::place::left;
use super::status;
use crate::cli::RestartRole;
use crate::fleet::troubles;
use crate::fleet::view::{FleetView, GroupHere, GroupView, MachineView, ReplicaView, RoleView};
use serde_json::json;
use std::collections::BTreeSet;

fn role(at: &str, started_at: i64) -> RoleView {
    RoleView {
        at: at.to_owned(),
        fault: None,
        version: Some("1.0.0".to_owned()),
        started_at: Some(started_at),
    }
}

/// Two machines, of which the first has a group.
fn sound() -> FleetView {
    let machine = |name: &str, groups| MachineView {
        machine: name.to_owned(),
        host: Some(role("10.0.0.1:1", 7)),
        edge: Some(role("10.0.0.1:2", 8)),
        version: Some("1.0.0".to_owned()),
        seen_at: Some(1_000),
        there: true,
        draining: false,
        groups,
        nodes: 2 * groups,
    };
    let here = GroupHere {
        group: "g1".to_owned(),
        state: "works".to_owned(),
        works: true,
        since: 1_000,
        replica: Some(ReplicaView {
            lag_ms: Some(1_500),
            behind_revisions: 3,
            complete: true,
            fault: None,
        }),
        ..GroupHere::default()
    };
    FleetView {
        machine: "m1".to_owned(),
        machines: vec![machine("m1", 1), machine("m2", 0)],
        groups: vec![GroupView {
            group: "g1".to_owned(),
            nodes: vec!["a".to_owned(), "b".to_owned()],
            machine: Some("m1".to_owned()),
            epoch: Some(5),
            here: Some(here),
            ..GroupView::default()
        }],
        database: json!({ "reads": { "state": "ok" }, "commits": { "state": "ok" } }),
        ..FleetView::default()
    }
}

/// What says of a fleet that was spoilt that nothing may be restarted while `under_way` is.
fn check(spoil: impl Fn(&mut FleetView), under_way: &[&str], expected: Option<&str>) {
    let mut view = sound();
    spoil(&mut view);
    let under_way: BTreeSet<String> = under_way.iter().map(|name| (*name).to_owned()).collect();
    let found = unfit(&view, &under_way);
    match (&found, expected) {
        (None, None) => {}
        (Some(why), Some(part)) if why.contains(part) => {}
        _ => panic!("{found:?}, not {expected:?}"),
    }
}

fn deaf(role: &mut Option<RoleView>) {
    role.as_mut().unwrap().fault = Some("it is deaf".to_owned());
}

#[test]
fn nothing_is_restarted_while_anything_else_does_not_work() {
    check(|_| {}, &[], None);
    check(
        |view| view.etcd = Some("no quorum".to_owned()),
        &[],
        Some("no quorum"),
    );
    check(
        |view| deaf(&mut view.machines[1].host),
        &[],
        Some("the host of m2"),
    );
    check(
        |view| deaf(&mut view.machines[1].edge),
        &[],
        Some("the edge of m2"),
    );
    check(|view| deaf(&mut view.machines[1].edge), &["m2"], None);
    check(
        |view| view.groups[0].here = None,
        &[],
        Some("m1, which has the group g1"),
    );
    check(|view| view.groups[0].here = None, &["m1"], None);
    check(|view| view.groups[0].here = None, &["m2"], Some("g1"));
    check(
        |view| view.groups[0].machine = None,
        &[],
        Some("nobody works on the group g1"),
    );
    check(
        |view| view.groups[0].here.as_mut().unwrap().works = false,
        &[],
        Some("g1"),
    );
    // A central database that hangs stops nothing of what a restart needs.
    check(
        |view| view.database["commits"] = json!({ "state": "failing", "since": 0, "why": "" }),
        &[],
        None,
    );
}

#[test]
fn a_machine_is_back_when_another_process_has_its_groups_at_work() {
    let groups = BTreeSet::from(["g1".to_owned()]);
    let back = |view: &FleetView, which, before| not_back(view, ("m1", which), before, &groups);
    let view = sound();
    assert_eq!(back(&view, RestartRole::Host, 6), None);
    assert_eq!(back(&view, RestartRole::Edge, 6), None);
    let said = back(&view, RestartRole::Host, 7).unwrap();
    assert!(said.contains("still the one that is to end"), "{said}");
    let mut view = sound();
    view.machines[0].there = false;
    assert!(
        back(&view, RestartRole::Host, 6)
            .unwrap()
            .contains("no lease")
    );
    let mut view = sound();
    deaf(&mut view.machines[0].host);
    assert!(
        back(&view, RestartRole::Host, 6)
            .unwrap()
            .contains("it is deaf")
    );
    let mut view = sound();
    view.groups[0].here = None;
    assert!(
        back(&view, RestartRole::Host, 6)
            .unwrap()
            .contains("1 of 1 groups")
    );
}

#[test]
fn the_status_shows_machines_groups_and_troubles() {
    let mut view = sound();
    view.machines[1].draining = true;
    deaf(&mut view.machines[1].edge);
    view.troubles = troubles(&view);
    let text = status::text(&view);
    for part in [
        "m1       10.0.0.1:1  10.0.0.1:2",
        "there, takes no groups",
        "a, b",
        "1.5 s and 3 revisions behind",
        "etcd: ok",
        "central database: reads ok; commits ok",
        "the edge of m2 at 10.0.0.1:2 does not work: it is deaf: start it",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    let view = sound();
    assert!(status::text(&view).contains("nothing is wrong"));
}

#[test]
fn a_drain_is_over_when_etcd_says_that_nothing_is_owned() {
    let waits = |spoil: fn(&mut FleetView)| {
        let mut view = sound();
        spoil(&mut view);
        match left(&view, "m1") {
            Look::There(vacant) => Err(vacant),
            Look::NotYet(why) => Ok(why),
        }
    };
    assert_eq!(waits(|_| {}).unwrap(), "m1 has 1 group left");
    assert_eq!(waits(|view| view.machines[0].groups = 0), Err(0));
    let gone = |view: &mut FleetView| {
        view.machines[0].groups = 0;
        view.groups[0].machine = None;
    };
    assert_eq!(waits(gone), Err(1));
    // A machine that has just begun knows of no group of anybody.
    let why = waits(|view| {
        view.machines[0].groups = 0;
        view.etcd = Some("it has not been asked yet".to_owned());
    });
    assert!(
        why.unwrap()
            .contains("not known to m1, which does not reach etcd")
    );
}
