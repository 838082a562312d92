//! A connection joins two groups that work, each on a machine of its own, while people edit in both.

use crate::fleet::machines;
use crate::support::{Installation, Simulators, Up, create, in_jira, until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use twinline_sim::Command as Act;
use twinline_sim::etcd::Etcd;
use twinline_sim::jira_cloud::API_TOKEN;
use twinline_sim::postgres::Postgres;

/// Between two edits.
const PACE: Duration = Duration::from_millis(300);

/// Two further nodes, and a connection between them, as the first two have.
pub(crate) fn add_far(machine: &Installation, far: &Simulators) {
    let text = std::fs::read_to_string(machine.path("twinline.toml")).unwrap();
    let node = |name: &str, tracker: &str, url: &str, auth: &str| {
        format!(
            "[nodes.{name}]\nsweep_s = {{ period = 1 }}\nsettle_s = 2\ntracker = \"{tracker}\"\nurl = \"{url}\"\n\
             auth = {{ {auth} }}\nallow_private = [\"127.0.0.0/8\"]\n"
        )
    };
    let token = "token = { file = \"secrets/github.token\" }";
    let github = node("github-far", "github", &far.github.url(), token);
    let token =
        "email = \"twinline@acme.example\", token = { file = \"secrets/jira-cloud.token\" }";
    let jira = node("jira-far", "jira-cloud", &far.jira.url(), token);
    machine.write("secrets/jira-cloud.token", API_TOKEN);
    machine.write("twinline.toml", &(text + &github + &jira));
    connect(machine, "far", ("github-far", "jira-far"));
}

/// Writes the rules of a connection: the first one's, between other nodes.
pub(crate) fn connect(machine: &Installation, name: &str, (left, right): (&str, &str)) {
    let first = std::fs::read_to_string(machine.path("rules/first.toml")).unwrap();
    let rules = first
        .replace("name   = \"first\"", &format!("name = \"{name}\""))
        .replace("node    = \"github\"", &format!("node = \"{left}\""))
        .replace("node    = \"jira-cloud\"", &format!("node = \"{right}\""));
    machine.write(&format!("rules/{name}.toml"), &rules);
}

pub(crate) fn groups(machine: &Installation) -> Vec<Value> {
    machine.json(&["status"])["groups"]
        .as_array()
        .unwrap()
        .clone()
}

pub(crate) fn retitle(simulators: &Simulators, key: &str, title: &str) {
    let edit = Act::edit(key, "ana", "title", title);
    let edited = simulators
        .github
        .with(|tracker, now| tracker.command(now, edit));
    edited.unwrap();
}

/// Edits an issue and makes others, until it is enough; the last title that it had, and how many were made.
fn work(simulators: &Simulators, name: &str, key: &str, enough: &AtomicBool) -> (String, usize) {
    let (_open, pace) = sync_channel::<()>(1);
    let mut made = 0;
    for number in 1.. {
        let title = format!("{name}, edit {number}");
        retitle(simulators, key, &title);
        if number % 3 == 0 {
            made += 1;
            create(simulators, &format!("{name}, new {made}"));
        }
        // Nothing is ever sent: it is a pause.
        let paused = pace.recv_timeout(PACE).is_err();
        assert!(paused);
        if enough.load(Ordering::Relaxed) {
            return (title, made);
        }
    }
    unreachable!("it has an end")
}

pub(crate) fn titles(simulators: &Simulators) -> Vec<String> {
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    dump.items.into_iter().map(|item| item.title).collect()
}

/// Ends the work however the test ends: its threads are waited for.
struct Enough<'a>(&'a AtomicBool);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Applies until it is done: what takes longer than an answer may is asked for again.
pub(crate) fn joined(machine: &Installation) {
    until("the connection to be applied", || {
        let done = machine.run(&["apply", "--json"]);
        // With `--json` the reason stands in the document.
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        let waits =
            said.contains("repeat it") || said.contains("not yet") || said.contains("later");
        assert!(done.status.success() || waits, "{done:?}");
        done.status.success().then_some(())
    });
}

/// What is left of the group that went is forgotten, and its machine has its file aside.
fn forgotten(database: &Postgres, fleet: &[Installation]) {
    until("the gone group's rows to be forgotten", || {
        let left = "SELECT count(*) FROM twinline.replica WHERE grp NOT IN (SELECT grp FROM twinline.fleet_groups)";
        (database.psql(left).unwrap() == "0").then_some(())
    });
    let aside = |machine: &&Installation| {
        let files = std::fs::read_dir(machine.path("twinline-data/host")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".db.joined")).count()
    };
    assert_eq!(
        fleet.iter().map(|machine| aside(&machine)).sum::<usize>(),
        1
    );
}

#[test]
fn a_connection_joins_two_groups_under_edits_and_what_was_joined_outlives_its_machine() {
    if !Postgres::can_run() || !Etcd::can_run() {
        return;
    }
    let (database, etcd) = (Postgres::start(&[]).unwrap(), Etcd::start(1).unwrap());
    let (near, far) = (Simulators::start(), Simulators::start());
    let fleet = machines(&["m1", "m2"], &near, &etcd, &database);
    for machine in &fleet {
        add_far(machine, &far);
    }
    let mut ups: Vec<Option<Up<'_>>> = fleet.iter().map(|machine| Some(machine.up())).collect();
    let applied = fleet[0].json(&["apply"]);
    assert_eq!(
        applied["published"].as_array().unwrap().len(),
        2,
        "{applied}"
    );
    assert_eq!(groups(&fleet[1]).len(), 2);
    let keys = [(&near, "Near"), (&far, "Far")].map(|(at, title)| {
        let key = create(at, title);
        in_jira(at, title);
        key
    });

    connect(&fleet[0], "across", ("github", "jira-far"));
    let enough = AtomicBool::new(false);
    let worked = std::thread::scope(|scope| {
        let _end = Enough(&enough);
        let works = [(&near, "Near", &keys[0]), (&far, "Far", &keys[1])]
            .map(|(at, name, key)| scope.spawn(|| work(at, name, key, &enough)));
        joined(&fleet[0]);
        enough.store(true, Ordering::Relaxed);
        works.map(|work| work.join().unwrap())
    });
    // Each machine learns of it within its own time.
    let one = until("the other machine to know of one group", || {
        <[Value; 1]>::try_from(groups(&fleet[1])).ok()
    });
    assert_eq!(one[0]["nodes"], 4);
    for (at, (title, made), name) in [(&near, &worked[0], "Near"), (&far, &worked[1], "Far")] {
        in_jira(at, title);
        for number in 1..=*made {
            in_jira(at, &format!("{name}, new {number}"));
        }
    }
    create(&near, "Across");
    in_jira(&near, "Across");
    in_jira(&far, "Across");

    forgotten(&database, &fleet);

    // The machine that has all of it is lost.
    let owner = until("an owner", || {
        groups(&fleet[0])[0]["machine"].as_str().map(str::to_owned)
    });
    let lost = usize::from(owner != "m1");
    drop(ups[lost].take());
    create(&near, "After");
    create(&far, "After, far");
    retitle(&far, &keys[1], "Far, at rest");
    in_jira(&near, "After");
    for title in ["After", "After, far", "Far, at rest"] {
        in_jira(&far, title);
    }
    for simulators in [&near, &far] {
        let found = titles(simulators);
        let once: BTreeSet<&String> = found.iter().collect();
        assert_eq!(found.len(), once.len(), "nothing twice: {found:?}");
    }
    drop(ups);
    near.end();
    far.end();
}
