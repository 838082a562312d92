//! What people do to a fleet: three machines under a small steady load, drained, moved and restarted.

use crate::fleet::{group, machines};
use crate::restart::request;
use crate::support::{Installation, Simulators, Up, create, until};
use crate::webhooks::{SECRET, address, body, signed};
use serde_json::Value;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;
use twinline_sim::etcd::Etcd;
use twinline_sim::postgres::Postgres;

/// Between two new issues, and between two deliveries to one edge.
const PACE: Duration = Duration::from_millis(250);

/// What callers met at the edges.
#[derive(Default)]
struct Met {
    accepted: AtomicU64,
    /// Nobody listened.
    refused: AtomicU64,
    /// Answered otherwise, or cut off.
    failed: AtomicU64,
    made: AtomicU64,
    enough: AtomicBool,
}

impl Met {
    fn goes_on(&self, pace: &Receiver<()>) -> bool {
        // Nothing is ever sent: it is a pause.
        pace.recv_timeout(PACE).is_err() && !self.enough.load(Ordering::Relaxed)
    }

    fn deliver(&self, at: SocketAddr, machine: usize) {
        let (_open, pace) = sync_channel(1);
        let body = body(1, 0);
        for number in 0.. {
            let text = signed(at, "github", &format!("{machine}-{number}"), &body);
            let count = match request(at, &text) {
                Ok(202) => &self.accepted,
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => &self.refused,
                _ => &self.failed,
            };
            count.fetch_add(1, Ordering::Relaxed);
            if !self.goes_on(&pace) {
                return;
            }
        }
    }

    fn create(&self, simulators: &Simulators) {
        let (_open, pace) = sync_channel(1);
        for number in 1.. {
            create(simulators, &format!("Load {number}"));
            self.made.store(number, Ordering::Relaxed);
            if !self.goes_on(&pace) {
                return;
            }
        }
    }
}

/// Ends the load however the test ends: its threads are waited for.
struct Enough<'a>(&'a Met);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.enough.store(true, Ordering::Relaxed);
    }
}

/// A command that is refused: its sentence.
fn refused(machine: &Installation, arguments: &[&str]) -> String {
    let done = machine.run(arguments);
    assert_eq!(done.status.code(), Some(1), "{arguments:?}: {done:?}");
    String::from_utf8_lossy(&done.stderr).into_owned()
}

fn of_machine(view: &Value, name: &str) -> Value {
    let mut machines = view["machines"].as_array().unwrap().iter();
    let found = machines.find(|machine| machine["machine"] == name);
    found.unwrap_or_else(|| panic!("{name}: {view}")).clone()
}

/// The owner is told to give its group away, and does; another has it then.
fn drained(fleet: &[Installation], asked: &Installation) -> String {
    let owner = group(asked)["machine"].as_str().unwrap().to_owned();
    let done = asked.json(&["fleet", "drain", &owner]);
    assert_eq!(
        (&done["draining"], &done["groups"]),
        (&true.into(), &0.into())
    );
    for machine in fleet {
        // Each reads etcd for itself, and one that is asked at once may not have yet.
        let view = until(
            "every machine to see that it drains and has nothing",
            || {
                let view = machine.json(&["fleet", "status"]);
                let it = of_machine(&view, &owner);
                (it["draining"] == true && it["groups"] == 0).then_some(view)
            },
        );
        assert_eq!(
            view["groups"][0]["nodes"],
            serde_json::json!(["github", "jira-cloud"])
        );
    }
    owner
}

fn mistakes(machine: &Installation, drained: &str, owner: &str) {
    for (arguments, parts) in [
        (
            &["fleet", "drain", "m9"][..],
            &["machine 'm9'", "m1, m2, m3", "fleet status"][..],
        ),
        (&["fleet", "move", "nobody", owner], &["node 'nobody'"]),
        (&["fleet", "move", "github", "m9"], &["machine 'm9'"]),
        (
            &["fleet", "move", "github", drained],
            &["drains", "undrain"],
        ),
        (&["fleet", "unpin", "nobody"], &["node 'nobody'"]),
    ] {
        let said = refused(machine, arguments);
        for part in parts {
            assert!(said.contains(part), "{arguments:?}: {said}");
        }
    }
}

/// With two of three drained the last one keeps what it has.
fn the_last_is_not_drained(fleet: &[Installation]) {
    let view = fleet[0].json(&["fleet", "status"]);
    let owner = view["groups"][0]["machine"].as_str().unwrap();
    let others: Vec<&str> = ["m1", "m2", "m3"]
        .into_iter()
        .filter(|name| *name != owner)
        .collect();
    for name in &others {
        fleet[0].json(&["fleet", "drain", name, "--no-wait"]);
    }
    until("that the others drain, as the owner sees it", || {
        let view = fleet[0].json(&["fleet", "status"]);
        let drains = |name: &&str| of_machine(&view, name)["draining"] == true;
        others.iter().all(drains).then_some(())
    });
    let said = until("a refusal", || {
        let done = fleet[0].run(&["fleet", "drain", owner, "--no-wait"]);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        if done.status.success() {
            // Its view of the others was older than ours.
            fleet[0].json(&["fleet", "undrain", owner]);
        }
        (!done.status.success()).then_some(said)
    });
    assert!(said.contains("no other machine takes groups"), "{said}");
    for name in others {
        fleet[0].json(&["fleet", "undrain", name]);
    }
}

fn roles(fleet: &[Installation]) -> Vec<[u32; 2]> {
    let each = fleet.iter().map(|machine| {
        let both = ["edge", "host"].map(|role| machine.role(role));
        both.map(|pid| pid.expect("it runs"))
    });
    each.collect()
}

/// What was done so far stands in the audit, whichever machine is asked, with who did it.
fn audited(machine: &Installation, drained: &str, moved_to: &str) {
    until("everything that was done", || {
        // A group that is on its way from one machine to the next answers nowhere.
        let done = machine.run(&["audit", "--max", "100", "--json"]);
        let page: Value = serde_json::from_slice(&done.stdout).ok()?;
        let items = page["items"].as_array()?;
        let did = |action: &str| {
            let mut items = items.iter();
            items.find(|item| item["action"] == action).cloned()
        };
        let (drain, moved) = (did("drain")?, did("move")?);
        let restarts = items.iter().filter(|item| item["action"] == "restart");
        // A host and an edge of each machine.
        if restarts.count() < 6 {
            return None;
        }
        assert_eq!(drain["subject"], drained, "{drain}");
        assert_eq!(moved["subject"], "jira-cloud", "{moved}");
        assert_eq!(moved["detail"]["machine"], moved_to, "{moved}");
        let who = moved["who"].as_str()?;
        assert!(who.starts_with("command line"), "{who}");
        // What is done in a group is there too.
        did("publish").map(drop)
    });
}

/// All of it, while the load goes on.
fn exercise(fleet: &[Installation]) {
    let first = drained(fleet, &fleet[0]);
    let owner = until("another owner at work", || {
        let view = fleet[0].json(&["fleet", "status"]);
        let group = &view["groups"][0];
        (group["here"]["works"] == true).then(|| group["machine"].as_str().unwrap().to_owned())
    });
    assert_ne!(owner, first);
    mistakes(&fleet[1], &first, &owner);

    let names = ["m1", "m2", "m3"];
    let third = names
        .into_iter()
        .find(|name| *name != first && *name != owner)
        .unwrap();
    let moved = fleet[2].json(&["fleet", "move", "jira-cloud", third]);
    assert_eq!(moved["pinned"], third, "{moved}");
    until("another machine to see where it is and is wished", || {
        let view = fleet[0].json(&["fleet", "status"]);
        let group = &view["groups"][0];
        (group["machine"] == third && group["pinned"] == third).then_some(())
    });

    let before = roles(fleet);
    let restarted = fleet[0].json(&["fleet", "restart", "--settle", "1"]);
    assert_eq!(
        restarted["machines"].as_array().unwrap().len(),
        3,
        "{restarted}"
    );
    audited(&fleet[1], &first, third);
    for (before, now) in before.iter().zip(roles(fleet)) {
        assert!(
            before[0] != now[0] && before[1] != now[1],
            "{before:?} {now:?}"
        );
    }
    until("it to drain also after its restart", || {
        let view = fleet[0].json(&["fleet", "status"]);
        (of_machine(&view, &first)["draining"] == true).then_some(())
    });
    fleet[1].json(&["fleet", "undrain", &first]);
    let unpinned = fleet[1].json(&["fleet", "unpin", "github"]);
    assert_eq!(unpinned["pinned"], Value::Null);

    // Two machines at once, and of each its host alone.
    let before = roles(fleet);
    let restarted = fleet[2].json(&["fleet", "restart", "--parallel", "2", "--role", "host"]);
    assert_eq!(
        restarted["machines"].as_array().unwrap().len(),
        3,
        "{restarted}"
    );
    for (before, now) in before.iter().zip(roles(fleet)) {
        assert!(
            before[0] == now[0] && before[1] != now[1],
            "{before:?} {now:?}"
        );
    }
}

#[test]
fn drained_moved_and_restarted_machines_lose_and_double_nothing_and_edges_refuse_nobody() {
    if !Postgres::can_run() || !Etcd::can_run() {
        return;
    }
    let (database, etcd) = (Postgres::start(&[]).unwrap(), Etcd::start(1).unwrap());
    let simulators = Simulators::start();
    let fleet = machines(&["m1", "m2", "m3"], &simulators, &etcd, &database);
    for machine in &fleet {
        machine.write("secrets/github.hook", SECRET);
    }
    let ups: Vec<Up<'_>> = fleet.iter().map(Installation::up).collect();
    fleet[0].json(&["apply"]);
    // Each learns of the group when it next asks the database.
    for machine in &fleet {
        group(machine);
    }
    let met = Met::default();
    std::thread::scope(|scope| {
        let enough = Enough(&met);
        for (number, machine) in fleet.iter().enumerate() {
            let (met, at) = (&met, address(machine));
            scope.spawn(move || met.deliver(at, number));
        }
        scope.spawn(|| met.create(&simulators));
        exercise(&fleet);
        drop(enough);
    });
    assert_eq!(met.refused.load(Ordering::Relaxed), 0);
    assert_eq!(met.failed.load(Ordering::Relaxed), 0);
    assert!(met.accepted.load(Ordering::Relaxed) > 20);

    let made = usize::try_from(met.made.load(Ordering::Relaxed)).unwrap();
    until("all that was made on the other side", || {
        let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
        (dump.items.len() >= made).then_some(())
    });
    the_last_is_not_drained(&fleet);
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    let mut titles: Vec<&String> = dump.items.iter().map(|item| &item.title).collect();
    titles.sort();
    titles.dedup();
    assert_eq!(
        (titles.len(), dump.items.len()),
        (made, made),
        "nothing lost, nothing twice"
    );
    drop(ups);
    simulators.end();
}

/// Nobody begins another host here: there is no `up`.
#[test]
fn a_restart_stops_at_a_machine_that_does_not_come_back() {
    if !Postgres::can_run() || !Etcd::can_run() {
        return;
    }
    let (database, etcd) = (Postgres::start(&[]).unwrap(), Etcd::start(1).unwrap());
    let simulators = Simulators::start();
    let fleet = machines(&["m1"], &simulators, &etcd, &database);
    let machine = &fleet[0];
    let host = machine.spawn(&["host"]);
    until("a host that holds a lease", || {
        let done = machine.run(&["fleet", "status", "--json"]);
        let view: Value = serde_json::from_slice(&done.stdout).ok()?;
        (view["machines"][0]["there"] == true).then_some(())
    });
    let said = refused(machine, &["fleet", "restart"]);
    for part in ["nothing was restarted", "the edge of m1"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let edge = machine.spawn(&["edge"]);
    until("a fleet in which nothing is wrong", || {
        let view = machine.json(&["fleet", "status"]);
        view["troubles"]
            .as_array()
            .unwrap()
            .is_empty()
            .then_some(())
    });
    let said = refused(machine, &["fleet", "restart", "--within", "3"]);
    for part in ["stopped at m1", "its host", "was not back within 3 s"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(machine.role("host"), None, "it ended as it was asked to");
    let done = machine.run(&["fleet", "status"]);
    assert_eq!(done.status.code(), Some(4), "{done:?}");
    drop((host, edge));
    simulators.end();
}

#[test]
fn one_machine_alone_is_no_fleet_and_a_fleet_is_outlined_without_being_run() {
    let alone = Installation::new("");
    for arguments in [
        &["fleet", "status"][..],
        &["fleet", "pause", "x"],
        &["up", "--fleet"],
    ] {
        let done = alone.run(arguments);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("this is no fleet"), "{arguments:?}: {said}");
    }
    let made = Installation::new(
        "[instance]\nname = \"acme\"\nmachine = \"m1\"\nfleet_key = { file = \"key\" }\n[machines]\n\
         m1 = { edge = \"10.0.0.11:7410\", host = \"10.0.0.11:7401\" }\nm2 = { edge = \"10.0.0.12:7410\" }\n[central]\n\
         url = { file = \"url\" }\n[ownership]\netcd = [\"http://10.0.0.11:2379\"]\n",
    );
    made.write("key", "a key");
    made.write(
        "url",
        "postgres://twinline:a-password@10.0.0.21,10.0.0.22:5433/twinline?sslmode=disable",
    );
    let outline = made.json(&["up", "--fleet"]);
    assert_eq!(
        outline["machines"].as_array().unwrap().len(),
        2,
        "{outline}"
    );
    let units = &outline["machines"][0]["roles"][0]["units"];
    for unit in units.as_array().unwrap() {
        let deploy = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/systemd");
        assert!(deploy.join(unit.as_str().unwrap()).is_file(), "{unit}");
    }
    let text = made.run(&["up", "--fleet"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for part in [
        "m1 (this one): twinline up",
        "listens on 10.0.0.12:7410",
        "PostgreSQL at 10.0.0.21:",
        "etcd at http://10.0.0.11:2379",
        "twinline-host.service",
        "the file key",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("a-password") && !outline.to_string().contains("a-password"));
    assert!(
        !made.path("twinline-data/host").exists(),
        "it runs and writes nothing"
    );
}
