//! A fleet is upgraded while it works, as docs/operations.md tells step by step: two machines, two binaries of two releases
//! side by side, webhooks at both edges and edits on both sides all the while. Then somebody tries the way back.

use crate::disasters::{PAGE, as_shown};
use crate::support::{BUILT, Installation, Simulators, Up, create, until_within};
use crate::upgrading::{
    INDEX, LONG, OLD, World, all_of, install_later, moved, trouble, versions, view, works_on, world,
};
use crate::webhooks::{address, body, body_of, deliver};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_sim::Command as Act;
use twinline_sim::serve::SimServer;

/// Between two things that people do.
const PACE: Duration = Duration::from_millis(1000);
/// The later release: what it replicates means the same.
const NEW: &str = "99.0.0";

/// What people do all the while.
struct Load<'a> {
    world: &'a World,
    made: AtomicU64,
    /// Webhooks that an edge has taken.
    taken: AtomicU64,
    enough: AtomicBool,
}

fn titles(server: &SimServer) -> Vec<String> {
    let dump = server.with(|tracker, now| tracker.dump(now));
    dump.items.into_iter().map(|item| item.title).collect()
}

fn key_of(server: &SimServer, title: &str) -> Option<String> {
    let dump = server.with(|tracker, now| tracker.dump(now));
    let mut items = dump.items.into_iter();
    items.find(|item| item.title == title).map(|item| item.key)
}

fn titled(number: u64) -> String {
    format!("Load {number}")
}

/// The title that somebody gives an item when it has its twin.
fn edited(number: u64) -> String {
    match number % 3 {
        0 => format!("Load {number}, edited in Jira"),
        1 => format!("Load {number}, edited in GitHub"),
        _ => titled(number),
    }
}

impl<'a> Load<'a> {
    fn on(world: &'a World) -> Self {
        Self {
            world,
            made: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            enough: AtomicBool::new(false),
        }
    }

    /// GitHub is looked at each hour: what is done there is told by webhooks alone, to one edge and the other by turns, and to
    /// the next one where the first does not take it.
    fn tells(&self, key: &str, id: &str, body: &str) {
        let first = self.taken.load(Ordering::Relaxed);
        for turn in first.. {
            let fleet = &self.world.fleet;
            let at = address(&fleet[usize::try_from(turn).unwrap() % fleet.len()]);
            if deliver(at, "github", id, body).is_some_and(|answer| answer.status == 202) {
                break;
            }
            assert!(turn - first < 1000, "no edge takes {id} of {key}");
            self.pause();
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    fn pause(&self) {
        // Nothing is ever sent: it is a pause.
        let (_open, pace) = sync_channel::<()>(1);
        assert!(pace.recv_timeout(PACE).is_err());
    }

    /// Makes issues, and edits those that have twins, until it is enough and each has been edited that is to be.
    fn goes_on(&self) {
        let simulators = &self.world.simulators;
        let mut to_edit = BTreeSet::new();
        let mut looks_left = 240;
        for number in 1.. {
            let has_enough = self.enough.load(Ordering::Relaxed);
            if !has_enough {
                let key = create(simulators, &titled(number));
                self.tells(&key, &format!("made {number}"), &body(issue(&key), 0));
                self.made.store(number, Ordering::Relaxed);
                if edited(number) != titled(number) {
                    to_edit.insert(number);
                }
            }
            to_edit.retain(|number| !self.edits(*number));
            if has_enough && to_edit.is_empty() {
                return;
            }
            if has_enough {
                assert!(looks_left > 0, "these get no twins: {to_edit:?}");
                looks_left -= 1;
            }
            self.pause();
        }
    }

    /// Gives an item another title, where it is on both sides by now.
    fn edits(&self, number: u64) -> bool {
        let Simulators { github, jira, .. } = &self.world.simulators;
        let (was, becomes) = (titled(number), edited(number));
        let (Some(here), Some(there)) = (key_of(github, &was), key_of(jira, &was)) else {
            return false;
        };
        let in_jira = number.is_multiple_of(3);
        let (server, key) = if in_jira {
            (jira, &there)
        } else {
            (github, &here)
        };
        let edit = Act::edit(key, "ana", "title", becomes);
        let at = server.with(|tracker, now| tracker.command(now, edit).map(|_| now));
        if !in_jira {
            let seconds = Timestamp::from_millis(at.unwrap().as_millis() / 1000 * 1000);
            let body = body_of(issue(&here), &seconds.to_string(), 0);
            self.tells(&here, &format!("edited {number}"), &body);
        }
        true
    }

    /// Waits until what is made from now on has arrived.
    fn arrives(&self) {
        let goal = self.made.load(Ordering::Relaxed) + 3;
        let jira = &self.world.simulators.jira;
        until_within(LONG, &format!("'{}' in Jira", titled(goal)), || {
            let found = titles(jira);
            found
                .iter()
                .any(|title| *title == titled(goal) || *title == edited(goal))
                .then_some(())
        });
    }
}

fn issue(key: &str) -> u64 {
    key.rsplit('#').next().unwrap().parse().unwrap()
}

/// Ends the load however the test ends: its thread is waited for.
struct Enough<'a>(&'a AtomicBool);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A machine's program is replaced, and then the fleet is restarted as the page shows it.
fn restarted_with(
    fleet: &[Installation],
    machine: usize,
    (before, expected): ([&str; 2], [&str; 2]),
) {
    let release = json!({ "version": NEW, "host": [INDEX] });
    install_later(&fleet[machine], &release);
    // Processes run what they were started with.
    view(&fleet[1 - machine], "what ran before", |view| {
        versions(view) == all_of(before)
    });
    assert!(PAGE.contains("`twinline fleet restart`"));
    let restarted = fleet[machine].json(&["fleet", "restart", "--settle", "1"]);
    assert_eq!(
        restarted["machines"].as_array().unwrap().len(),
        2,
        "{restarted}"
    );
    for asked in fleet {
        let now = view(asked, "what each machine runs", |view| {
            versions(view) == all_of(expected)
        });
        let told = trouble(&now, "versions");
        match expected {
            [one, other] if one == other => assert_eq!(told, None),
            _ => {
                let told = told.expect("two versions are told of");
                for part in [
                    format!("{OLD} on m2"),
                    format!("{NEW} on m1"),
                    "fleet restart".to_owned(),
                ] {
                    assert!(told.contains(&part), "{part}: {told}");
                }
            }
        }
    }
}

/// The group goes from release to release and back: by a person's word, and when a machine is killed.
fn both_ways<'a>(load: &Load<'_>, ups: &mut [Option<Up<'a>>], fleet: &'a [Installation]) {
    for (from, to) in [(1, 0), (0, 1)] {
        let names = ["m1", "m2"];
        moved(&fleet[0], names[from]);
        load.arrives();
        // Without a word: nothing is given away, and the lease has to end.
        drop(ups[from].take());
        works_on(&fleet[to], names[to]);
        load.arrives();
        // A person had chosen it: it gets its group back, and goes on from what the other release has shipped.
        ups[from] = Some(fleet[from].up());
        works_on(&fleet[to], names[from]);
        load.arrives();
    }
}

/// An older program in the place of a newer one: it says why it does not work, does nothing, and the other machine goes on.
fn there_is_no_way_back(fleet: &[Installation], load: &Load<'_>) {
    moved(&fleet[0], "m2");
    fleet[1].install(Path::new(BUILT));
    let done = fleet[0].run(&[
        "fleet", "restart", "--role", "host", "--settle", "1", "--within", "40",
    ]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("stopped at m2"), "{said}");
    let now = view(&fleet[0], "why m2 does not work", |view| {
        trouble(view, "group").is_some_and(|told| told.contains("newer version"))
    });
    assert_eq!(versions(&now)[1][1], OLD);
    let told = trouble(&now, "group").unwrap();
    for part in [
        "does not work on m2",
        "was written by a newer version of Twinline (schema 16, this version knows up to 15)",
        "run that version",
        "twinline fleet move NODE MACHINE",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    moved(&fleet[0], "m1");
    load.arrives();
}

#[test]
fn a_fleet_is_upgraded_under_load_and_groups_go_from_release_to_release_meanwhile() {
    let Some(world) = world(|text| {
        let swept = "sweep_s = { period = 1 }\nsettle_s = 2\ntracker = \"github\"";
        let text = text.replace(
            "settle_s = 2\nsweep_s = { period = 1 }",
            "sweep_s = { period = 1 }\nsettle_s = 2",
        );
        assert!(text.contains(swept), "{text}");
        let text = text.replace(swept, &swept.replace("period = 1 ", "period = 3600 "));
        // A process begins anew within it, also on a machine that has other work.
        text.replace("lease_ms = 3000", "lease_ms = 12000")
    }) else {
        return;
    };
    let fleet = &world.fleet;
    let mut ups: Vec<Option<Up<'_>>> = fleet.iter().map(|machine| Some(machine.up())).collect();
    let applied = fleet[0].json(&["apply"]);
    assert_eq!(applied["published"][0]["version"], 1, "{applied}");
    let load = Load::on(&world);
    std::thread::scope(|scope| {
        let enough = Enough(&load.enough);
        scope.spawn(|| load.goes_on());
        for machine in fleet {
            let now = view(machine, "both machines", |view| {
                versions(view) == all_of([OLD, OLD])
            });
            assert_eq!(trouble(&now, "versions"), None);
        }
        load.arrives();
        restarted_with(fleet, 0, ([OLD, OLD], [NEW, OLD]));
        load.arrives();
        both_ways(&load, &mut ups, fleet);
        restarted_with(fleet, 1, ([NEW, OLD], [NEW, NEW]));
        load.arrives();
        there_is_no_way_back(fleet, &load);
        drop(enough);
    });
    as_shown(&fleet[0], "twinline fleet status");

    let made = load.made.load(Ordering::Relaxed);
    let expected: BTreeSet<String> = (1..=made).map(edited).collect();
    let Simulators { github, jira, .. } = &world.simulators;
    for (name, server) in [("GitHub", github), ("Jira", jira)] {
        until_within(LONG, &format!("everything in {name}"), || {
            let found: BTreeSet<String> = titles(server).into_iter().collect();
            expected.is_subset(&found).then_some(())
        });
        let found = titles(server);
        assert_eq!(
            found.len(),
            expected.len(),
            "nothing twice in {name}: {found:?}"
        );
    }
    assert!(made > 20, "{made}");
    drop(ups);
    world.simulators.end();
}
