//! The edge is replaced under load: nobody is refused, and nobody waits for another that can begin beside it.

use crate::support::{Installation, Up, signal, text_of, until};
use crate::webhooks::{SECRET, address, body, signed};
use rustix::process::Signal;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Callers at once, each with one connection a request.
const CALLERS: u64 = 4;
/// A caller that waits longer gives up: no restart takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What callers met.
#[derive(Default)]
struct Met {
    accepted: AtomicU64,
    refused: AtomicU64,
    /// Connections that ended without an answer.
    cut_off: AtomicU64,
    enough: AtomicBool,
}

/// One request on a connection of its own: its status.
pub(crate) fn request(at: SocketAddr, text: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(text.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    status.ok_or_else(|| ErrorKind::UnexpectedEof.into())
}

impl Met {
    /// Delivers one after the other until it is enough; a delivery that was cut off is sent again, as trackers do.
    fn call(&self, at: SocketAddr, caller: u64) {
        let body = body(1, 0);
        let mut number = 0;
        while !self.enough.load(Ordering::Relaxed) {
            let text = signed(at, "gh", &format!("{caller}-{number}"), &body);
            match request(at, &text) {
                Ok(status) => {
                    assert_eq!(status, 202);
                    self.accepted.fetch_add(1, Ordering::Relaxed);
                    number += 1;
                }
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                }
                Err(_) => {
                    self.cut_off.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    fn accepts(&self, more: u64) {
        let goal = self.accepted.load(Ordering::Relaxed) + more;
        until("deliveries to be accepted", || {
            (self.accepted.load(Ordering::Relaxed) >= goal).then_some(())
        });
    }
}

fn replace(installation: &Installation, up: &Up<'_>, with: Signal, met: &Met) {
    let [old, _] = up.works();
    met.accepts(20);
    signal(old, with);
    until("another edge", || {
        installation.role("edge").filter(|new| *new != old)
    });
    met.accepts(20);
}

/// An installation whose webhooks wait: nobody listens at the tracker's address, which is all that this needs.
fn installation() -> Installation {
    let node = "[nodes.gh]\ntracker = \"github\"\nurl = \"http://127.0.0.1:9\"\nallow_private = [\"127.0.0.0/8\"]\n\
                auth = { token = { file = \"token\" } }\nwebhook = { secrets = [{ file = \"hook\" }] }\n\
                sweep_s = { period = 3600 }\n";
    let installation = Installation::with_edge("node_max_per_s = 100000", node);
    installation.write("token", "t");
    installation.write("hook", SECRET);
    installation
}

/// Asks the edge to let another begin.
fn ask_for_another(installation: &Installation) {
    let at = installation.listener("edge", "private").expect("an edge");
    let token = text_of(&installation.path("twinline-data/run/token"));
    let text = format!(
        "POST /restart HTTP/1.1\r\nhost: edge\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 2\r\nconnection: close\r\n\r\n{{}}",
        token.trim()
    );
    assert_eq!(request(at, &text).unwrap(), 200);
}

/// Delivers all the while, and does something meanwhile; what callers met.
fn under_load(at: SocketAddr, does: impl FnOnce(&Met)) -> Met {
    let met = Met::default();
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let met = &met;
            scope.spawn(move || met.call(at, caller));
        }
        does(&met);
        met.enough.store(true, Ordering::Relaxed);
    });
    met
}

#[test]
fn an_edge_that_is_replaced_under_load_refuses_nobody() {
    let installation = installation();
    let up = installation.up();
    up.works();
    let at = address(&installation);
    let met = under_load(at, |met| {
        for _ in 0..3 {
            replace(&installation, &up, Signal::TERM, met);
        }
        let after_good_order = met.cut_off.load(Ordering::Relaxed);
        for _ in 0..2 {
            replace(&installation, &up, Signal::KILL, met);
        }
        assert_eq!(
            after_good_order, 0,
            "an edge that is asked to end answers first"
        );
    });
    assert_eq!(address(&installation), at, "it is always the same socket");
    assert_eq!(met.refused.load(Ordering::Relaxed), 0);
    // A killed edge cuts off what it was answering, at most one request of each caller.
    assert!(met.cut_off.load(Ordering::Relaxed) <= 2 * CALLERS);
}

#[test]
fn an_edge_works_until_another_has_begun_beside_it() {
    let installation = installation();
    let up = installation.up();
    up.works();
    let at = address(&installation);
    let met = under_load(at, |met| {
        for by_signal in [false, true, false] {
            let [old, _] = up.works();
            met.accepts(20);
            if by_signal {
                signal(old, Signal::HUP);
            } else {
                ask_for_another(&installation);
            }
            let new = until("another edge", || {
                installation.role("edge").filter(|new| *new != old)
            });
            met.accepts(20);
            let log = text_of(&installation.path("up.log"));
            let line = |what: &str, pid: u32| {
                let pid = pid.to_string();
                let told = |line: &str| line.contains(what) && line.contains(&pid);
                log.lines().position(told).ok_or((what.to_owned(), pid))
            };
            assert!(line("started", new) < line("ended", old), "{log}");
            assert!(line("ended", old).is_ok(), "{log}");
        }
    });
    let (refused, cut_off) = (&met.refused, &met.cut_off);
    assert_eq!(
        [refused, cut_off].map(|count| count.load(Ordering::Relaxed)),
        [0, 0]
    );
}

#[test]
fn an_edge_goes_on_while_another_cannot_begin() {
    let installation = installation();
    let up = installation.up();
    let [edge, _] = up.works();
    let sound = text_of(&installation.path("twinline.toml"));
    let at = address(&installation);
    let met = under_load(at, |met| {
        installation.write("twinline.toml", "nonsense = 1\n");
        ask_for_another(&installation);
        until("the refusal", || {
            let log = text_of(&installation.path("up.log"));
            log.contains("the successor cannot take over").then_some(())
        });
        met.accepts(20);
        assert_eq!(installation.role("edge"), Some(edge));
        installation.write("twinline.toml", &sound);
        ask_for_another(&installation);
        until("another edge", || {
            installation.role("edge").filter(|new| *new != edge)
        });
        met.accepts(20);
    });
    let (refused, cut_off) = (&met.refused, &met.cut_off);
    assert_eq!(
        [refused, cut_off].map(|count| count.load(Ordering::Relaxed)),
        [0, 0]
    );
}
