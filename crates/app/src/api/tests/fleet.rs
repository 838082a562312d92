//! A fleet's operations: on one machine alone, and the shapes of what its front answers.

use super::shapes::Schemas;
use super::*;
use crate::api::fleet::{Drained, Moved, Restarted, Role};
use crate::api::front::survey::{self, EdgeSays, Facts, Heard};
use crate::config::Machine;
use crate::fleet::Definitions;
use serde_json::json;
use twinline_engine::groups::{GroupNow, GroupState, States};
use twinline_engine::ownership::Ownership;
use twinline_store::GroupId;
use twinline_store::central::{CentralHealth, Machine as Signed};

#[tokio::test]
async fn one_machine_alone_says_that_it_is_no_fleet() {
    let served = served().await;
    let of_fleet = |path: &str| path == "/v1/fleet" || path.starts_with("/v1/fleet/");
    let mut count = 0;
    for (method, path, _) in operations() {
        if of_fleet(&path) {
            let answer = served.send(request(&method, &path, "{}")).await;
            let detail = answer.problem(StatusCode::UNPROCESSABLE_ENTITY);
            assert!(
                detail.contains("this is no fleet"),
                "{method} {path}: {detail}"
            );
            count += 1;
        }
    }
    assert_eq!(count, 7);
}

/// What a machine says that has a group at work and one that it takes over.
async fn says(served: &Served) -> crate::fleet::view::OwnView {
    let since = Timestamp::from_millis(1_000);
    let failing = Some("the database is away".to_owned());
    let states = [
        ("g1", GroupState::Working(served.host.clone())),
        ("g2", GroupState::TakingOver { failing }),
    ];
    let states: States = states
        .map(|(group, state)| (GroupId::new(group), GroupNow { state, since }))
        .into();
    let times = (Timestamp::from_millis(2_000), since);
    let health = CentralHealth::default();
    survey::own("m1", times, &Ownership::default(), &health, &states)
}

#[tokio::test]
async fn what_the_front_of_a_fleet_answers_has_its_shapes() {
    let (schemas, served) = (Schemas::new(), served().await);
    let own = says(&served).await;
    assert!(own.groups[0].works && !own.groups[1].works);
    assert_eq!(own.groups[1].fault.as_deref(), Some("the database is away"));
    schemas.check("OwnView", &serde_json::to_value(&own).unwrap());
    schemas.check(
        "ReplicaView",
        &json!(crate::fleet::view::ReplicaView::default()),
    );

    let at = |port| Some(std::net::SocketAddr::from(([10, 0, 0, 1], port)));
    let machine = |edge, host| Machine {
        edge,
        host,
        watch: None,
    };
    let machines = [
        ("m1", machine(at(1), at(2))),
        ("m2", machine(at(3), at(4))),
        ("m3", machine(at(5), None)),
    ];
    let machines = machines.map(|(name, at)| (name.to_owned(), at)).into();
    let nodes = ("a".into(), "b".into());
    let definitions = Definitions::default().with(&"ab".into(), nodes, &GroupId::new("g1"));
    let mut ownership = Ownership::default();
    ownership.roster.hosts.insert("m1".to_owned(), false);
    ownership.roster.hosts.insert("m9".to_owned(), true);
    let signed = [Signed {
        name: "m2".to_owned(),
        addresses: BTreeMap::new(),
        version: "0.9.0".to_owned(),
        seen_at: Timestamp::from_millis(500),
    }];
    let edge = |version: &str| EdgeSays {
        inbox: "ok".to_owned(),
        version: Some(version.to_owned()),
        started_at: Some(1),
    };
    let deaf = "it is deaf".to_owned();
    let view = survey::whole(&Facts {
        at: Timestamp::from_millis(2_000),
        me: "m1",
        machines: &machines,
        definitions: &definitions.unwrap(),
        ownership: &ownership,
        database: &CentralHealth::default(),
        signed: &signed,
        heard: Heard {
            hosts: [
                ("m1".to_owned(), Ok(own)),
                ("m2".to_owned(), Err(deaf.clone())),
            ]
            .into(),
            edges: [
                ("m1".to_owned(), Ok(edge("1.0.0"))),
                ("m3".to_owned(), Err(deaf)),
            ]
            .into(),
        },
    });
    schemas.check("FleetView", &serde_json::to_value(&view).unwrap());
    is_told(&view);
}

/// What was heard, and what is known of those that were not.
fn is_told(view: &crate::fleet::view::FleetView) {
    let [m1, m2, m3, m9] = view.machines.as_slice() else {
        panic!("{:?}", view.machines);
    };
    assert_eq!((m1.seen_at, m1.there), (Some(2_000), true));
    // Of one that is not heard, what it last said in the database.
    assert_eq!(
        (m2.seen_at, m2.version.as_deref()),
        (Some(500), Some("0.9.0"))
    );
    assert!(m3.host.is_none() && m3.seen_at.is_none());
    assert!(m9.there && m9.draining && m9.host.is_none());
    let about: Vec<&str> = view
        .troubles
        .iter()
        .map(|trouble| trouble.about.as_str())
        .collect();
    let expected = [
        "machine m2",
        "machine m2",
        "machine m3",
        "machine m9",
        "groups",
    ];
    assert_eq!(about[..5], expected, "{:?}", view.troubles);
}

#[test]
fn what_is_done_to_a_fleet_answers_in_its_shapes() {
    let schemas = Schemas::new();
    let drained = Drained {
        machine: "m1".to_owned(),
        draining: true,
        groups: 3,
    };
    schemas.check("Drained", &json!(drained));
    let restarted = Restarted {
        machine: "m1".to_owned(),
        role: Role::Edge,
        restarting: true,
        started_at: 7,
    };
    schemas.check("Restarted", &json!(restarted));
    for pinned in [None, Some("m1".to_owned())] {
        let moved = Moved {
            group: "g1".to_owned(),
            nodes: vec!["a".to_owned()],
            pinned,
        };
        schemas.check("Moved", &json!(moved));
    }
}
