//! A disk that is really full: a small file system of its own under the edge's folder.

use crate::support::{Installation, signal, text_of, until};
use crate::webhooks::{SECRET, address, ask, body, deliver};
use rustix::process::Signal;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use twinline_core::handles::Entropy;
use twinline_sim::needs;
use twinline_store::db::DbOptions;
use twinline_store::inbox::{Inbox, InboxLimits};

/// Nothing that has an id already needs another.
struct One;

impl Entropy for One {
    fn next_u64(&self) -> u64 {
        1
    }
}

/// A file system in memory; unmounted when dropped.
pub(crate) struct Small(PathBuf);

impl Small {
    /// Mounts 4 MiB at a folder. `None`: that is not allowed here, and the test says that it is skipped.
    pub(crate) fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs"]);
        let why = match mount.arg(at).output() {
            Ok(done) if done.status.success() => return Some(Self(at.to_owned())),
            Ok(done) => String::from_utf8_lossy(&done.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        needs::met(false, &format!("a small file system of its own ({why})"));
        None
    }

    /// Takes all the space that is left.
    pub(crate) fn fill(&self) {
        let mut ballast = std::fs::File::create(self.0.join("ballast")).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while ballast.write_all(&vec![1; size]).is_ok() {}
        }
    }

    pub(crate) fn free(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: a failed test may have left somebody in it.
        let done = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(
            done.unwrap().success(),
            "{} stays mounted",
            self.0.display()
        );
    }
}

/// A node that receives webhooks; nobody is at its tracker's address.
const NODE: &str = "[nodes.gh]\ntracker = \"github\"\nurl = \"http://127.0.0.1:9\"\n\
                    allow_private = [\"127.0.0.0/8\"]\nauth = { token = { file = \"hook\" } }\n\
                    webhook = { secrets = [{ file = \"hook\" }] }\n";

#[test]
fn an_inbox_that_is_lost_is_told_and_the_next_one_is_pulled_from_its_beginning() {
    let installation = Installation::new(NODE);
    installation.write("hook", SECRET);
    let counted = |what: &str, count: u64| {
        until(&format!("{count} {what} at the host"), || {
            let api = installation.listener("host", "api")?;
            let metrics = ask(api, "GET /metrics HTTP/1.1", "")?.body;
            let line = format!("twinline_host_{what}_total {count}\n");
            metrics.contains(&line).then_some(())
        });
    };
    let deliver_new = |ids: std::ops::Range<u64>| {
        for number in ids {
            let id = format!("d{number}");
            let answer = deliver(address(&installation), "gh", &id, &body(number, 0));
            assert_eq!(answer.map(|answer| answer.status), Some(202));
        }
    };
    let mut up = installation.up();
    deliver_new(0..3);
    counted("deliveries", 3);
    counted("inboxes_replaced", 0);
    signal(up.child.id(), Signal::TERM);
    assert!(up.child.wait().unwrap().success());
    let folder = installation.path("twinline-data/edge");
    for suffix in ["", "-wal", "-shm"] {
        let file = folder.join(format!("inbox.db{suffix}"));
        if file.exists() {
            std::fs::rename(&file, folder.join(format!("aside.db{suffix}"))).unwrap();
        }
    }
    let _up = installation.up();
    deliver_new(3..5);
    counted("deliveries", 2);
    counted("inboxes_replaced", 1);
}

#[test]
fn an_edge_that_starts_on_a_full_disk_says_so_and_goes_on_when_there_is_space() {
    let installation = Installation::new(NODE);
    installation.write("hook", SECRET);
    // Nobody can say where an edge listens that has not started: a port that was free just now.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = free.local_addr().unwrap();
    drop(free);
    let text = text_of(&installation.path("twinline.toml"));
    let text = text.replacen("listen = \"127.0.0.1:0\"", &format!("listen = \"{at}\""), 1);
    installation.write("twinline.toml", &text);
    let Some(small) = Small::mount(&installation.path("twinline-data/edge")) else {
        return;
    };
    small.fill();
    let mut edge = installation.spawn(&["edge"]);
    let deliver = |number: u64| deliver(at, "gh", &format!("d{number}"), &body(number, 4000));
    let mut next = 0;
    let refused = until("an answer", || {
        next += 1;
        deliver(next)
    });
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.head.contains("retry-after: "), "{refused:?}");
    assert_eq!(edge.0.try_wait().unwrap(), None, "it runs");
    small.free();
    until("deliveries to be taken", || {
        next += 1;
        deliver(next).filter(|answer| answer.status == 202)
    });
    let private = until("its listeners to be told", || {
        installation.listener("edge", "private")
    });
    assert_eq!(
        ask(private, "GET /health HTTP/1.1", "").unwrap().status,
        200
    );
    signal(edge.0.id(), Signal::TERM);
    let log = installation.path("role.log");
    assert!(edge.0.wait().unwrap().success(), "{}", text_of(&log));
}

#[test]
fn a_full_disk_is_503_loses_nothing_and_heals_by_itself() {
    let installation = Installation::new(NODE);
    installation.write("hook", SECRET);
    let Some(small) = Small::mount(&installation.path("twinline-data/edge")) else {
        return;
    };
    // No host: nothing is taken, so what was accepted must all be there at the end.
    let mut edge = installation.spawn(&["edge"]);
    until("the edge", || installation.role("edge"));
    let at = address(&installation);
    let mut accepted = 0;
    let mut send = |number: u64| {
        let id = format!("d{number}");
        let answer = deliver(at, "gh", &id, &body(number, 4000)).expect("an answer");
        if answer.status == 202 {
            accepted += 1;
        }
        answer
    };
    for number in 0..20 {
        assert_eq!(send(number).status, 202);
    }
    small.fill();
    let mut next = 20;
    let refused = until("a refusal", || {
        next += 1;
        Some(send(next)).filter(|answer| answer.status != 202)
    });
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.head.contains("retry-after: "), "{refused:?}");
    let private = installation.listener("edge", "private").unwrap();
    let health = || ask(private, "GET /health HTTP/1.1", "").expect("health");
    assert_eq!(health().status, 503);
    assert!(health().body.contains("no space left"), "{:?}", health());
    // It goes on refusing, at once and in good order.
    for number in 1000..1010 {
        assert_eq!(send(number).status, 503);
    }
    small.free();
    next = 2000;
    until("deliveries to be taken again", || {
        next += 1;
        (send(next).status == 202).then_some(())
    });
    assert_eq!(health().status, 200);
    assert_eq!(send(3000).status, 202);
    signal(edge.0.id(), Signal::TERM);
    let ended = edge.0.wait().unwrap();
    assert!(
        ended.success(),
        "{}",
        text_of(&installation.path("role.log"))
    );
    let limits = InboxLimits::default();
    let file = installation.path("twinline-data/edge/inbox.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let rows: u64 = runtime.block_on(async {
        let opened = Inbox::open(&file, DbOptions::default(), limits, &One).await;
        let inbox = opened.unwrap();
        let used = inbox.usage().await.unwrap();
        inbox.db().close().await;
        used.iter().map(|node| node.rows).sum()
    });
    assert_eq!(rows, accepted, "what was acknowledged is what is kept");
}
