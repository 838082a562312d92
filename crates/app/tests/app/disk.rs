//! A disk that is really full: a small file system of its own under the edge's folder.

use crate::support::{Installation, signal, text_of, until};
use crate::webhooks::{SECRET, address, ask, body, deliver};
use rustix::process::Signal;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use twinline_store::db::DbOptions;
use twinline_store::inbox::{Inbox, InboxLimits};

/// A file system in memory; unmounted when dropped.
struct Small(PathBuf);

impl Small {
    /// Mounts 4 MiB at a folder, or says why that is not possible here.
    fn mount(at: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs"]);
        let done = mount.arg(at).output().map_err(|error| error.to_string())?;
        if done.status.success() {
            return Ok(Self(at.to_owned()));
        }
        Err(String::from_utf8_lossy(&done.stderr).trim().to_owned())
    }

    /// Takes all the space that is left.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.0.join("ballast")).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while ballast.write_all(&vec![1; size]).is_ok() {}
        }
    }

    fn free(&self) {
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

#[test]
fn a_full_disk_is_503_loses_nothing_and_heals_by_itself() {
    let node = "[nodes.gh]\ntracker = \"github\"\nurl = \"https://github.example\"\n\
                webhook = { secrets = [{ file = \"hook\" }] }\n";
    let installation = Installation::new(node);
    installation.write("hook", SECRET);
    let small = match Small::mount(&installation.path("twinline-data/edge")) {
        Ok(small) => small,
        Err(why) => {
            println!("skipped: a small file system cannot be mounted here: {why}");
            return;
        }
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
    let inbox = Inbox::open(&file, DbOptions::default(), limits).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let rows: u64 = runtime.block_on(async {
        let used = inbox.usage().await.unwrap();
        inbox.db().close().await;
        used.iter().map(|node| node.rows).sum()
    });
    assert_eq!(rows, accepted, "what was acknowledged is what is kept");
}
