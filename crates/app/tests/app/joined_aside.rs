//! The central database is lost while two groups are being joined, and with it the state of the one that goes: what is left of
//! it is a file on the machine that had it, which a person brings to the other, as `docs/operations.md` says.

use crate::disasters::{PAGE, replicated};
use crate::fleet::machines;
use crate::joining::{add_far, connect, groups, joined, retitle, titles};
use crate::support::{Installation, Simulators, Up, create, in_jira, until_within};
use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use twinline_sim::etcd::Etcd;
use twinline_sim::postgres::Postgres;

/// What takes as many turns of several processes, on a machine that has other work too.
const LONG: Duration = Duration::from_secs(180);

/// A machine's way to the database, which can be cut.
struct Way {
    at: SocketAddr,
    /// Both ends of what goes through; `None`: it is cut.
    through: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

impl Way {
    /// One that is open, for as long as this process lives.
    fn to(database: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let through = Arc::new(Mutex::new(Some(Vec::new())));
        let shared = Arc::clone(&through);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Where the database is away the caller is cut off.
                let Ok(other) = TcpStream::connect(database) else {
                    continue;
                };
                let mut open = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(open) = open.as_mut() {
                    for (from, to) in [(&stream, &other), (&other, &stream)] {
                        let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                        std::thread::spawn(move || pass(&from, &to));
                    }
                    open.extend([stream, other]);
                }
            }
        });
        Self { at, through }
    }

    fn cut(&self) {
        let all = self.lock().take();
        for stream in all.into_iter().flatten() {
            // One that has ended needs nothing.
            let _gone = stream.shutdown(Shutdown::Both);
        }
    }

    fn open(&self) {
        *self.lock() = Some(Vec::new());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Vec<TcpStream>>> {
        self.through.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pass(mut from: &TcpStream, mut to: &TcpStream) {
    let _ended = io::copy(&mut from, &mut to);
    for stream in [from, to] {
        let _gone = stream.shutdown(Shutdown::Both);
    }
}

/// The two groups, the one that stays first: of two that are as great it is the one with the lesser id, here the first in
/// order. Each with the name of a node of it.
fn both(database: &Postgres) -> [(String, &'static str); 2] {
    let mut all = ["github", "github-far"].map(|node| {
        let sql = format!("SELECT grp FROM twinline.nodes WHERE node = '{node}'");
        (database.psql(&sql).unwrap(), node)
    });
    all.sort();
    all
}

/// Has a node's group moved to a machine, and waits until it works there.
fn moved(fleet: &[Installation], node: &str, group: &str, machine: &str) {
    until_within(LONG, "the move to be taken", || {
        let moved = fleet[0].run(&["fleet", "move", node, machine]);
        moved.status.success().then_some(())
    });
    until_within(LONG, "the group on its machine", || {
        let view = fleet[0].json(&["fleet", "status"]);
        let mut all = view["groups"].as_array()?.iter();
        let is_there = |it: &&serde_json::Value| {
            it["group"] == group && it["machine"] == machine && it["here"]["works"] == true
        };
        all.find(is_there).map(drop)
    });
}

/// What was edited and made in either tracker crosses, once.
fn works_as_one(near: &Simulators, far: &Simulators, keys: &[String; 2]) {
    retitle(near, &keys[0], "Near, edited");
    retitle(far, &keys[1], "Far, edited");
    create(near, "Across");
    for (at, title) in [
        (near, "Near, edited"),
        (far, "Far, edited"),
        (far, "Across"),
    ] {
        in_jira(at, title);
    }
    for simulators in [near, far] {
        let found = titles(simulators);
        let once: BTreeSet<&String> = found.iter().collect();
        assert_eq!(found.len(), once.len(), "nothing twice: {found:?}");
    }
}

#[test]
fn the_file_of_a_group_that_was_just_being_joined_is_brought_to_the_machine_that_waits_for_it() {
    if !Postgres::can_run() || !Etcd::can_run() {
        return;
    }
    let (database, etcd) = (Postgres::start(&[]).unwrap(), Etcd::start(1).unwrap());
    let (near, far) = (Simulators::start(), Simulators::start());
    let fleet = machines(&["m1", "m2"], &near, &etcd, &database);
    let url = database.url();
    let (_, place) = url.rsplit_once('@').unwrap();
    let (place, _) = place.split_once('/').unwrap();
    let way = Way::to(place.parse().unwrap());
    fleet[0].write(
        "secrets/central.url",
        &url.replace(place, &way.at.to_string()),
    );
    for machine in &fleet {
        add_far(machine, &far);
    }
    let mut ups: Vec<Option<Up<'_>>> = fleet.iter().map(|machine| Some(machine.up())).collect();
    let applied = fleet[0].json(&["apply"]);
    assert_eq!(applied["published"].as_array().unwrap().len(), 2);
    let keys = [(&near, "Near"), (&far, "Far")].map(|(at, title)| {
        let key = create(at, title);
        in_jira(at, title);
        key
    });
    replicated(&database, 2);
    let [(stays, of_stays), (goes, of_goes)] = both(&database);
    moved(&fleet, of_stays, &stays, "m1");
    moved(&fleet, of_goes, &goes, "m2");

    // The machine of the one that stays does not hear of the join before the database is lost.
    way.cut();
    for machine in &fleet {
        connect(machine, "across", ("github", "jira-far"));
    }
    let aside =
        |machine: &Installation| machine.path(&format!("twinline-data/host/{goes}.db.joined"));
    std::thread::scope(|scope| {
        // It waits for the other machine, and says after a while that it is to be repeated.
        scope.spawn(|| fleet[1].run(&["apply"]));
        until_within(LONG, "the group that goes to be closed", || {
            aside(&fleet[1]).exists().then_some(())
        });
    });
    database.lose().unwrap();
    until_within(LONG, "the definitions to be put back", || {
        let known = "SELECT count(*) FROM twinline.published";
        (database.psql(known).ok()? == "1").then_some(())
    });
    drop(ups[1].take());
    way.open();
    let sentence = "cannot take the group GROUP in yet";
    assert!(PAGE.contains(sentence), "docs/operations.md lacks it");
    let sentence = sentence.replace("GROUP", &goes);
    until_within(
        LONG,
        "the group that stays to wait for the other's state",
        || {
            let said = fleet[0].run(&["fleet", "status"]);
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            said.contains(&sentence).then_some(())
        },
    );

    std::fs::copy(aside(&fleet[1]), aside(&fleet[0])).unwrap();
    until_within(LONG, "one group to work with all nodes", || {
        let all = groups(&fleet[0]);
        (all.len() == 1 && all[0]["nodes"] == 4).then_some(())
    });
    joined(&fleet[0]);
    works_as_one(&near, &far, &keys);
    drop(ups);
    near.end();
    far.end();
}
