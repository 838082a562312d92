//! The front of a fleet's machine, without a fleet: what it refuses, and what it does to this machine.

use super::*;
use crate::api::front::{Front, Groups, Sources, This, router as front_router};
use crate::config;
use crate::fleet::{self, Deeds, Definitions, Draining, Follower, Identity, Known};
use crate::handles::SystemBootClock;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use twinline_core::ownership::LeaseTerms;
use twinline_engine::groups::{GroupNow, GroupState, States};
use twinline_engine::ownership::{Keeper, KeeperSettings, Ownership, Pins};
use twinline_store::GroupId;
use twinline_store::central::CentralHealth;

/// Nothing listens at any of these addresses.
const FLEET: &str = "format = 1\n[instance]\nmachine = \"m1\"\nfleet_key = { env = \"X\" }\n[machines]\n\
    m1 = { edge = \"127.0.0.1:9\", host = \"127.0.0.1:9\" }\nm2 = { host = \"127.0.0.1:9\" }\nm3 = { edge = \"127.0.0.1:9\" }\n\
    [central]\nurl = { file = \"url\" }\n[ownership]\netcd = [\"http://127.0.0.1:9\"]\n";

/// The machine `m1`, on which the group `g1` of the nodes `left` and `right` ends.
struct Machine {
    served: Served,
    ownership: watch::Sender<Ownership>,
    draining: Draining,
    keeper: Keeper,
    ends: CancellationToken,
    _open: (
        watch::Sender<States>,
        watch::Sender<CentralHealth>,
        watch::Sender<Pins>,
    ),
}

const STARTED: Timestamp = Timestamp::from_millis(7);

/// What is published: one connection, whose nodes are the group.
fn defined(group: &GroupId) -> Definitions {
    let nodes = ("left".into(), "right".into());
    Definitions::default()
        .with(&"bugs".into(), nodes, group)
        .unwrap()
}

fn first(definitions: Definitions) -> Known {
    Known::new(1, definitions)
}

async fn machine() -> Machine {
    machine_of(FLEET, defined(&GroupId::new("g1"))).await
}

async fn machine_of(fleet: &str, definitions: Definitions) -> Machine {
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut served = served_with(&["left", "right"]).await;
    let folder = served.folder.path().to_owned();
    let file = folder.join("twinline.toml");
    let url = "postgres://twinline:secret@127.0.0.1:9/twinline?sslmode=disable";
    std::fs::write(folder.join("url"), url).unwrap();
    let config = config::parse(&file, fleet).unwrap();
    let group = GroupId::new("g1");
    let kept = folder.join("definitions.json");
    std::fs::write(&kept, serde_json::to_vec(&first(definitions)).unwrap()).unwrap();
    let central = fleet::central(&file, &config).unwrap();
    let now = GroupNow {
        state: GroupState::Ending(served.host.clone()),
        since: STARTED,
    };
    let (states, pins) = (
        watch::Sender::new(States::from([(group, now)])),
        watch::Sender::default(),
    );
    let (ownership, database) = (watch::Sender::default(), watch::Sender::default());
    let ms = std::time::Duration::from_millis;
    let settings = KeeperSettings {
        host: "m1".to_owned(),
        terms: LeaseTerms::new(ms(15_000), ms(8_000)).unwrap(),
    };
    let etcd = fleet::etcd(&config).unwrap();
    let keeper = Keeper::new(
        etcd,
        settings,
        Arc::new(SystemBootClock),
        pins.subscribe(),
        None,
    );
    let draining = Draining::new(folder.join("draining"));
    let ends = CancellationToken::new();
    let rulebook = Rulebook {
        kinds: Arc::default(),
        trackers: BTreeMap::new(),
        runner: Arc::new(InProcess::default()),
    };
    let sources = Sources {
        follower: Arc::new(Follower::new(central, kept).unwrap()),
        ownership: ownership.subscribe(),
        states: states.subscribe(),
        database: database.subscribe(),
    };
    let this = This {
        keeper: keeper.clone(),
        draining: draining.clone(),
        deeds: Deeds::new(folder.join("deeds.jsonl")),
        turn: tokio::sync::Mutex::default(),
        ends: ends.clone(),
        started_at: STARTED,
    };
    let identity = Identity::alone(Secret::new(TOKEN));
    let groups = Groups::new(&config, &identity, rulebook.clone(), sources).unwrap();
    let tokens = identity.tokens().clone();
    served.router = front_router(Arc::new(Front::new(groups, rulebook, tokens, this)));
    Machine {
        served,
        ownership,
        draining,
        keeper,
        ends,
        _open: (states, database, pins),
    }
}

impl Machine {
    /// Who is there by etcd's word; whether each drains.
    fn there(&self, hosts: &[(&str, bool)]) {
        self.ownership.send_modify(|ownership| {
            let hosts = hosts
                .iter()
                .map(|(name, draining)| ((*name).to_owned(), *draining));
            ownership.roster.hosts = hosts.collect();
        });
    }

    /// A deed that is refused; its sentence has all the parts.
    async fn refuses(&self, path: &str, body: Json, status: StatusCode, parts: &[&str]) {
        let detail = self
            .served
            .post(path, &body.to_string())
            .await
            .problem(status);
        for part in parts {
            assert!(detail.contains(part), "{path}: {detail}");
        }
    }

    /// What is noted as done, and is not in the database yet.
    fn deeds(&self) -> Vec<String> {
        let file = self.served.folder.path().join("deeds.jsonl");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.is_empty());
        let deeds = lines.map(|line| {
            let deed: Json = serde_json::from_str(line).unwrap();
            let text = |key: &str| deed[key].as_str().unwrap().to_owned();
            format!("{} {}", text("action"), text("subject"))
        });
        deeds.collect()
    }

    async fn does(&self, path: &str, body: Json) -> Json {
        let answer = self.served.post(path, &body.to_string()).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.json());
        answer.json()
    }
}

#[tokio::test]
async fn every_operation_of_a_fleet_wants_the_token() {
    let machine = machine().await;
    for (method, path, _) in operations().into_iter().filter(|(_, _, guarded)| *guarded) {
        for shown in [None, Some("Bearer wrong")] {
            let mut asked = Request::builder().method(&method).uri(&path);
            if let Some(shown) = shown {
                asked = asked.header(header::AUTHORIZATION, shown);
            }
            let answer = machine
                .served
                .send(asked.body(Body::from("{")).unwrap())
                .await;
            answer.problem(StatusCode::UNAUTHORIZED);
        }
    }
    assert!(!machine.ends.is_cancelled() && !machine.draining.is_set().unwrap());
}

#[tokio::test]
async fn a_group_that_ends_is_looked_at_and_nothing_is_done_to_it() {
    let machine = machine().await;
    let looked = machine.served.get("/v1/nodes").await;
    assert_eq!(looked.status, StatusCode::OK);
    assert_eq!(looked.json()["items"].as_array().unwrap().len(), 2);
    let later = StatusCode::SERVICE_UNAVAILABLE;
    let deed = "/v1/nodes/left/pause";
    machine
        .refuses(
            deed,
            json!({}),
            later,
            &["g1", "is ending", "repeat it later"],
        )
        .await;
}

#[tokio::test]
async fn a_machine_drains_where_another_takes_its_groups_and_remembers_it() {
    let machine = machine().await;
    let drain = "/v1/fleet/machines/m1/drain";
    let (not_possible, later) = (
        StatusCode::UNPROCESSABLE_ENTITY,
        StatusCode::SERVICE_UNAVAILABLE,
    );
    for hosts in [&[("m1", false)][..], &[("m1", false), ("m2", true)]] {
        machine.there(hosts);
        let parts = ["no other machine takes groups", "undrain"];
        machine
            .refuses(drain, json!({}), not_possible, &parts)
            .await;
    }
    machine.there(&[("m1", false), ("m2", false)]);
    machine
        .ownership
        .send_modify(|told| told.failing = Some("no quorum".to_owned()));
    machine
        .refuses(drain, json!({}), later, &["no quorum", "force"])
        .await;
    assert!(!machine.draining.is_set().unwrap());
    machine.ownership.send_modify(|told| told.failing = None);

    let done = machine.does(drain, json!({})).await;
    assert_eq!(
        done,
        json!({ "machine": "m1", "draining": true, "groups": 0 })
    );
    assert!(machine.draining.is_set().unwrap() && machine.keeper.ownership().borrow().draining);
    machine
        .does("/v1/fleet/machines/m1/undrain", json!({}))
        .await;
    assert!(!machine.draining.is_set().unwrap() && !machine.keeper.ownership().borrow().draining);
    machine.there(&[("m1", false)]);
    machine.does(drain, json!({ "force": true })).await;
    assert!(machine.draining.is_set().unwrap());
    // What was refused is none of what was done; the rest waits for the database.
    assert_eq!(machine.deeds(), ["drain m1", "undrain m1", "drain m1"]);
}

#[tokio::test]
async fn only_the_process_that_is_meant_ends() {
    let machine = machine().await;
    let restart = "/v1/fleet/machines/m1/restart";
    let other = machine
        .does(restart, json!({ "role": "host", "started_at": 6 }))
        .await;
    assert_eq!(
        (&other["restarting"], &other["started_at"]),
        (&json!(false), &json!(7))
    );
    assert!(!machine.ends.is_cancelled());
    let bad = StatusCode::BAD_REQUEST;
    machine.refuses(restart, json!({}), bad, &["role"]).await;
    machine
        .refuses(restart, json!({ "role": "watch" }), bad, &["watch"])
        .await;
    let no_edge = json!({ "role": "edge" });
    let not_possible = StatusCode::UNPROCESSABLE_ENTITY;
    machine
        .refuses(
            "/v1/fleet/machines/m2/restart",
            no_edge.clone(),
            not_possible,
            &["no edge"],
        )
        .await;
    let later = StatusCode::SERVICE_UNAVAILABLE;
    machine
        .refuses(
            restart,
            no_edge,
            later,
            &["the edge of 'm1'", "does not answer"],
        )
        .await;
    machine
        .does(restart, json!({ "role": "host", "started_at": 7 }))
        .await;
    assert!(machine.ends.is_cancelled());
}

#[tokio::test]
async fn what_cannot_be_done_to_a_fleet_says_why() {
    let machine = machine().await;
    machine.there(&[("m1", false), ("m2", true)]);
    let (missing, not_possible) = (StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY);
    let later = StatusCode::SERVICE_UNAVAILABLE;
    let to = |machine: &str| json!({ "machine": machine });
    for (path, body, status, parts) in [
        (
            "machines/m9/drain",
            json!({}),
            missing,
            &["'m9'", "m1, m2, m3"][..],
        ),
        (
            "machines/m3/drain",
            json!({}),
            not_possible,
            &["'m3' has no host"],
        ),
        (
            "machines/m2/drain",
            json!({}),
            later,
            &["the host of 'm2'", "does not answer"],
        ),
        (
            "machines/m1/drain",
            json!({ "now": true }),
            StatusCode::BAD_REQUEST,
            &["now"],
        ),
        ("nodes/nobody/move", to("m1"), missing, &["node 'nobody'"]),
        ("nodes/left/move", to("m9"), missing, &["'m9'"]),
        (
            "nodes/left/move",
            to("m3"),
            not_possible,
            &["'m3' has no host"],
        ),
        (
            "nodes/left/move",
            to("m2"),
            not_possible,
            &["'m2' drains", "undrain m2"],
        ),
        (
            "nodes/left/move",
            json!({}),
            StatusCode::BAD_REQUEST,
            &["machine"],
        ),
        // The database is away: nothing is published.
        ("nodes/left/move", to("m1"), later, &["publishing"]),
        ("nodes/nobody/unpin", json!({}), missing, &["node 'nobody'"]),
    ] {
        machine
            .refuses(&format!("/v1/fleet/{path}"), body, status, parts)
            .await;
    }
    machine.there(&[("m1", false)]);
    let gone = &["'m2' is not there"];
    machine
        .refuses("/v1/fleet/nodes/left/move", to("m2"), not_possible, gone)
        .await;
}

#[tokio::test]
async fn a_machine_answers_for_itself_alone_and_a_view_tells_who_is_silent() {
    let machine = machine().await;
    let own = machine.served.get("/v1/fleet/machines/m1").await.json();
    assert_eq!(
        (&own["machine"], &own["started_at"]),
        (&json!("m1"), &json!(7))
    );
    assert_eq!(own["groups"][0]["state"], "is ending");
    let mut taken_for = request(&Method::GET, "/v1/fleet/machines/m1", "");
    taken_for
        .headers_mut()
        .insert("twinline-machine", "m2".parse().unwrap());
    let answer = machine.served.send(taken_for).await;
    let detail = answer.problem(StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        detail.contains("this is the machine 'm1', which was taken for 'm2'"),
        "{detail}"
    );

    let view = machine.served.get("/v1/fleet").await.json();
    let machines = view["machines"].as_array().unwrap();
    assert_eq!(machines[0]["host"]["fault"], Json::Null);
    assert!(machines[0]["edge"]["fault"].is_string());
    assert!(machines[1]["host"]["fault"].is_string());
    assert_eq!(view["groups"][0]["nodes"], json!(["left", "right"]));
}

/// What nodes belong together is for good.
#[tokio::test]
async fn a_draft_that_is_planned_or_unsound_places_no_node() {
    let machine = machine().await;
    let draft = |left: &str, right: &str| {
        let side = |name: &str, node: &str| {
            format!("[{name}]\nnode = \"{node}\"\nscope = {{ project = \"A\" }}\n")
        };
        let map = format!(
            "format = 1\nname = \"new\"\n{}{}[fields.summary]\nleft = \"summary\"\nright = \"summary\"\n",
            side("left", left),
            side("right", right),
        );
        json!({ "rules": { "map": { "name": "new.toml", "text": map } } })
    };
    let (path, conflict) = ("/v1/rules/new/plan", StatusCode::CONFLICT);
    let parts = &["'left'", "'other'", "twinline apply"];
    machine
        .refuses(path, draft("left", "other"), conflict, parts)
        .await;
    // Placing them would be refused otherwise: the database is away.
    let (path, unsound) = ("/v1/rules/new/publish", StatusCode::UNPROCESSABLE_ENTITY);
    machine
        .refuses(path, draft("left", "jirra"), unsound, &[])
        .await;
}

/// It stands in the central database, which is away: that is when one wants to see the rest.
#[tokio::test]
async fn the_audit_of_a_fleet_shows_the_groups_and_says_what_it_cannot_show() {
    let machine = machine().await;
    let answer = machine.served.get("/v1/audit").await;
    assert_eq!(answer.status, StatusCode::OK);
    let page = answer.json();
    assert!(page["items"].is_array());
    let why = page["fleet"].as_str().unwrap();
    assert!(why.contains("the central database"), "{why}");
    let rest = machine.served.get("/v1/audit?cursor=g1~").await.json();
    assert_eq!(rest["fleet"], Json::Null);
}

/// Its disk may be what a new process is to find mended.
#[tokio::test]
async fn a_machine_whose_disk_takes_nothing_is_restarted_all_the_same() {
    let machine = machine().await;
    std::fs::create_dir(machine.served.folder.path().join("deeds.jsonl")).unwrap();
    machine
        .does("/v1/fleet/machines/m1/restart", json!({ "role": "host" }))
        .await;
    assert!(machine.ends.is_cancelled());
}

/// The groups `g0` and `h1` are on `m2`, which does not work on `g0`.
#[tokio::test]
async fn a_group_that_is_not_at_work_hides_none_of_the_others() {
    let (here, other) = (GroupId::new("g0"), GroupId::new("h1"));
    let says = |headers: http::HeaderMap| async move {
        match headers
            .get("twinline-group")
            .map(http::HeaderValue::as_bytes)
        {
            Some(b"g0") => (StatusCode::SERVICE_UNAVAILABLE, "{\"detail\":\"g0 waits\"}"),
            _ => (StatusCode::OK, "{\"is\":\"here\"}"),
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let serving = axum::serve(listener, Router::new().fallback(says));
    tokio::spawn(async move { serving.await });
    let fleet = FLEET.replace(
        "m2 = { host = \"127.0.0.1:9\" }",
        &format!("m2 = {{ host = \"{at}\" }}"),
    );
    let nodes = |left: &str, right: &str| (left.into(), right.into());
    let definitions = Definitions::default()
        .with(&"a".into(), nodes("a", "b"), &here)
        .and_then(|known| known.with(&"c".into(), nodes("c", "d"), &other))
        .unwrap();
    let machine = machine_of(&fleet, definitions).await;
    machine.ownership.send_modify(|ownership| {
        let owner = serde_json::from_value(json!({ "host": "m2", "revision": 1 }));
        let owner: twinline_engine::ownership::Owner = owner.unwrap();
        let groups = [here, other].map(|group| (group, owner.clone()));
        ownership.roster.groups.extend(groups);
    });
    let found = machine.served.get("/v1/twins/7").await;
    assert_eq!(
        (found.status, found.json()),
        (StatusCode::OK, json!({ "is": "here" }))
    );
    // What was not done everywhere is to be repeated.
    let swept = machine.served.post("/v1/sweep", "{}").await;
    assert_eq!(swept.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(swept.json()["detail"], "g0 waits");
}
