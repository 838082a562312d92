//! Who watches the watches: another machine's watch, `twinline up`, each of both the other, and a dead man's switch outside.

use crate::hooked::Receiver;
use crate::support::{Installation, Running, descendants, signal, until, until_within};
use crate::watching::{are_proven, ends, stands, watches, works};
use rustix::process::{Pid, Signal, kill_process};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use twinline_sim::postgres::Postgres;

/// A hung process is replaced after some twenty seconds; what it takes until its successor works comes on top.
const REPLACED_MAX: Duration = Duration::from_secs(150);
/// So many looks in a row at pings that come each second: five seconds at least.
const QUIET_LOOKS: usize = 100;

/// The keys and tables of a watch whose pages and pings go to paths of a receiver.
fn tables() -> String {
    let pace = "period_ms = 500, deadline_ms = 2000, open_after = 3, close_after = 4";
    format!(
        "outside_ping = {{ url = {{ file = \"deadman.url\" }}, period_s = 1 }}\n\
         [watch.probes]\npeers = {{ {pace} }}\ndisk = {{ free_min_percent = 1 }}\n\
         commit_canary = {{ period_ms = 1000, deadline_ms = 1500, open_after = 5, close_after = 6 }}\n\
         [watch.channels]\npages = {{ kind = \"webhook\", url = {{ file = \"pages.url\" }}, secrets = [{{ file = \"pages.secret\" }}] }}\n\
         [watch.people]\nada = {{ zone = \"UTC\", reach = [\"pages:ada\"] }}\n"
    )
}

/// Gives an installation such a watch.
fn with_watch(made: &Installation, machine: &str, pages: &Receiver) {
    made.write("pages.url", &format!("http://{}/{machine}", pages.at));
    made.write("pages.secret", "what the pages are signed with");
    made.write(
        "deadman.url",
        &format!("http://{}/alive/{machine}", pages.at),
    );
    watches(made, &tables());
}

/// The texts of all pages of these types with these words that have come to a path.
fn pages_with(pages: &Receiver, machine: &str, kinds: &[&str], words: &str) -> Vec<String> {
    let all = pages.heard(&format!("/{machine}"));
    let all = all.iter().map(crate::hooked::Heard::json);
    let of_kind = all.filter(|it| kinds.iter().any(|kind| it["type"] == *kind));
    let texts = of_kind.map(|it| it["data"]["text"].to_string());
    texts.filter(|it| it.contains(words)).collect()
}

/// A page that asks somebody to look. What comes back is told as a reminder.
const CALLS: [&str; 2] = ["incident.opened", "incident.reminder"];

/// Waits until somebody is called with these words once more than so many times; the text.
fn called(pages: &Receiver, machine: &str, words: &str, before: usize) -> String {
    until_within(
        REPLACED_MAX,
        &format!("a call by {machine}: {words}"),
        || {
            let all = pages_with(pages, machine, &CALLS, words);
            all.get(before).cloned()
        },
    )
}

/// Waits until it is said that what has these words is over.
fn is_over(pages: &Receiver, machine: &str, words: &str) {
    until_within(REPLACED_MAX, &format!("the end of {words}"), || {
        pages_with(pages, machine, &["incident.resolved"], words).pop()
    });
}

/// Processes that stand still until this is dropped; one that has ended meanwhile needs nothing.
struct Still(Vec<u32>);

impl Still {
    fn stop(processes: &[u32]) -> Self {
        let still = Self(processes.to_vec());
        for process in processes {
            signal(*process, Signal::STOP);
        }
        still
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        for process in &self.0 {
            if let Some(pid) = i32::try_from(*process).ok().and_then(Pid::from_raw) {
                let _gone = kill_process(pid, Signal::CONT);
            }
        }
    }
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Two machines that have a watch each and nothing else.
fn two(database: &Postgres, pages: &Receiver) -> [Installation; 2] {
    let at = [free(), free()];
    ["m1", "m2"].map(|name| {
        let made = Installation::new("");
        with_watch(&made, name, pages);
        made.write("central.url", &database.url());
        made.write("fleet.key", "the key of this fleet, as long as it must be");
        let text = std::fs::read_to_string(made.path("twinline.toml")).unwrap();
        let fleet = format!(
            "[instance]\nmachine = \"{name}\"\nfleet_key = {{ file = \"fleet.key\" }}\n\
             [machines]\nm1 = {{ watch = \"{}\" }}\nm2 = {{ watch = \"{}\" }}\n\
             [central]\nurl = {{ file = \"central.url\" }}\n\
             [ownership]\netcd = [\"http://127.0.0.1:9\"]\nlease_ms = 3000\nattempt_ms = 1000\n",
            at[0], at[1]
        );
        // No role of these machines asks etcd for anything.
        made.write("twinline.toml", &format!("{text}\n{fleet}"));
        made
    })
}

#[test]
fn a_watch_that_stands_still_or_is_gone_is_paged_by_its_peer_as_blindness_there() {
    if !Postgres::can_run() {
        return;
    }
    let (database, pages) = (Postgres::start(&[]).unwrap(), Receiver::start());
    let [m1, m2] = two(&database, &pages);
    let first = m1.spawn(&["up"]);
    let mut second = m2.spawn(&["up"]);
    let watch = works(&m1);
    works(&m2);
    for machine in [&m1, &m2] {
        are_proven(machine);
    }
    let blind = "the monitoring of m1 is blind";

    // With its supervisor, which would replace it.
    let still = Still::stop(&[first.0.id(), watch]);
    let text = called(&pages, "m2", blind, 0);
    assert!(text.contains("no answer within"), "{text}");
    drop(still);
    is_over(&pages, "m2", "watch:m1");
    stands(&m2, ("peers", "watch:m1"), "passing");

    let before = pages_with(&pages, "m2", &CALLS, blind).len();
    // Everything of the machine ends at once, and nothing starts it again.
    for process in [first.0.id(), works(&m1)] {
        signal(process, Signal::KILL);
    }
    called(&pages, "m2", blind, before);
    let all = pages.heard("/m1");
    let wrong = all
        .iter()
        .filter(|it| it.body.contains("the monitoring of m2"));
    assert_eq!(wrong.count(), 0, "m1 had nothing to say of m2");
    ends(&m2, &mut second);
    drop(first);
}

#[test]
fn a_supervisor_that_stands_still_is_paged_and_a_watch_that_does_is_replaced_and_says_so() {
    let pages = Receiver::start();
    let made = Installation::new("");
    with_watch(&made, "m1", &pages);
    let mut up = made.up();
    let watch = works(&made);
    are_proven(&made);

    let still = Still::stop(&[up.child.id()]);
    let text = called(&pages, "m1", "the supervisor hangs", 0);
    assert!(text.contains("no sign of life"), "{text}");
    drop(still);
    stands(&made, ("peers", "supervisor:m1"), "passing");
    is_over(&pages, "m1", "supervisor:m1");

    let still = Still::stop(&[watch]);
    let next = until_within(REPLACED_MAX, "another watch", || {
        made.role("watch").filter(|next| *next != watch)
    });
    called(&pages, "m1", "hung and was replaced", 0);
    assert!(descendants(up.child.id()).contains(&next));
    drop(still);
    assert!(up.ends().success());
}

#[test]
fn the_outside_is_pinged_while_watch_works_and_no_longer() {
    let pages = Receiver::start();
    let made = Installation::new("");
    with_watch(&made, "m1", &pages);
    let mut watch: Running = made.spawn(&["watch"]);
    let pings = || pages.heard("/alive/m1").len();
    until("some pings", || (pings() > 2).then_some(()));

    let still = Still::stop(&[watch.0.id()]);
    let (mut seen, mut quiet) = (0, 0);
    until("the pings to stop", || {
        let now = pings();
        quiet = if now == seen { quiet + 1 } else { 0 };
        seen = now;
        (quiet > QUIET_LOOKS).then_some(())
    });
    drop(still);
    until("a ping again", || (pings() > seen).then_some(()));
    ends(&made, &mut watch);
}
