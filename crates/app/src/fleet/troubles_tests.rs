use super::troubles;
use super::view::{FleetView, GroupHere, GroupView, MachineView, ReplicaView, RoleView};
use serde_json::json;

fn role() -> Option<RoleView> {
    Some(RoleView {
        at: "10.0.0.1:1".to_owned(),
        fault: None,
        version: Some("1.0.0".to_owned()),
        started_at: Some(1),
    })
}

/// Two machines; the first has the group `g1` of the nodes `a` and `b`.
fn sound() -> FleetView {
    let machine = |name: &str| MachineView {
        machine: name.to_owned(),
        host: role(),
        edge: role(),
        there: true,
        ..MachineView::default()
    };
    FleetView {
        machine: "m1".to_owned(),
        machines: vec![machine("m1"), machine("m2")],
        groups: vec![GroupView {
            group: "g1".to_owned(),
            nodes: vec!["a".to_owned(), "b".to_owned()],
            machine: Some("m1".to_owned()),
            here: Some(GroupHere {
                group: "g1".to_owned(),
                works: true,
                replica: Some(ReplicaView::default()),
                ..GroupHere::default()
            }),
            ..GroupView::default()
        }],
        database: json!({ "reads": { "state": "ok" }, "commits": { "state": "ok" } }),
        ..FleetView::default()
    }
}

/// The troubles of a fleet that was spoilt, by what they are about; each sentence has all its parts.
fn check(spoil: impl Fn(&mut FleetView), expected: &[(&str, &[&str])]) {
    let mut view = sound();
    spoil(&mut view);
    let found = troubles(&view);
    let about: Vec<&str> = found.iter().map(|trouble| trouble.about.as_str()).collect();
    let wanted: Vec<&str> = expected.iter().map(|(about, _)| *about).collect();
    assert_eq!(about, wanted, "{found:?}");
    for (trouble, (_, parts)) in found.iter().zip(expected) {
        for part in *parts {
            let said = format!("{}: {}", trouble.what, trouble.way_out);
            assert!(said.contains(part), "{said} has no '{part}'");
        }
    }
}

fn deaf(role: &mut Option<RoleView>) {
    role.as_mut().unwrap().fault = Some("it is deaf".to_owned());
}

#[test]
fn each_trouble_is_a_sentence_with_the_way_out() {
    check(|_| {}, &[]);
    check(
        |view| view.etcd = Some("no quorum".to_owned()),
        &[(
            "etcd",
            &["m1 cannot go on with etcd: no quorum", "majority"],
        )],
    );
    check(
        |view| {
            view.database["commits"] = json!({ "state": "failing", "since": 0, "why": "it hangs" })
        },
        &[(
            "database",
            &[
                "answers and commits nothing since 1970",
                "it hangs",
                "syncing goes on",
            ],
        )],
    );
    check(
        |view| view.database["reads"] = json!({ "state": "failing", "since": 0, "why": "gone" }),
        &[("database", &["cannot be read"])],
    );
    check(
        |view| {
            deaf(&mut view.machines[1].host);
            view.machines[1].there = false;
        },
        &[(
            "machine m2",
            &["the host of m2", "it is deaf", "twinline up"],
        )],
    );
    check(
        |view| deaf(&mut view.machines[1].host),
        &[("machine m2", &["its lease is still renewed"])],
    );
    check(
        |view| view.machines[1].there = false,
        &[("machine m2", &["holds no lease"])],
    );
    check(
        |view| deaf(&mut view.machines[1].edge),
        &[("machine m2", &["the edge of m2", "webhooks"])],
    );
    check(
        |view| view.machines[1].host = None,
        &[("machine m2", &["the same [machines]"])],
    );
    check(
        |view| view.machines[1].host.as_mut().unwrap().version = Some("1.1.0".to_owned()),
        &[(
            "versions",
            &["1.0.0 on m1, m2, 1.1.0 on m2", "fleet restart"],
        )],
    );
}

#[test]
fn a_group_that_nobody_works_on_is_told_with_what_stands_in_its_way() {
    let vacant = |view: &mut FleetView| {
        view.groups[0].machine = None;
        view.groups[0].here = None;
    };
    check(
        vacant,
        &[("groups", &["nobody works on g1", "wait some seconds"])],
    );
    check(
        |view| {
            vacant(view);
            for machine in &mut view.machines {
                machine.draining = true;
            }
        },
        &[("groups", &["fleet undrain"])],
    );
    check(
        |view| view.groups[0].here.as_mut().unwrap().fault = Some("its file is broken".to_owned()),
        &[(
            "group g1",
            &["does not work on m1: its file is broken", "fleet move"],
        )],
    );
    check(
        |view| {
            view.groups[0].pinned = Some("m2".to_owned());
            view.machines[1].draining = true;
        },
        &[("group g1", &["is to be on m2", "fleet unpin a"])],
    );
    check(|view| view.groups[0].pinned = Some("m2".to_owned()), &[]);
    check(
        |view| {
            let here = view.groups[0].here.as_mut().unwrap();
            here.replica.as_mut().unwrap().lag_ms = Some(61_001);
        },
        &[("replicas", &["the replica of g1", "62 s old"])],
    );
    check(
        |view| {
            let here = view.groups[0].here.as_mut().unwrap();
            here.replica.as_mut().unwrap().fault = Some("refused (53100)".to_owned());
        },
        &[("replicas", &["of g1", "not written: refused (53100)"])],
    );
}
