//! The unit files of `deploy/systemd`, judged by systemd itself, and what the container is built from.

use std::process::Command;
use twinline_sim::debian;
use xtask::{provision, root};

#[test]
fn systemd_takes_our_units() {
    if !debian::met(provision::systemd::is_here(), "systemd-analyze") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for entry in std::fs::read_dir(root().join("deploy/systemd")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        // What is started must be there: any program is.
        let text = text.replace("/usr/bin/twinline", "/bin/true");
        let unit = folder.path().join(path.file_name().unwrap());
        std::fs::write(&unit, text).unwrap();
        units.push(unit);
    }
    assert_eq!(units.len(), 4, "{units:?}");
    let judged = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(&units)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&judged.stderr);
    // What is wrong elsewhere on the machine is not ours.
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("twinline"))
        .collect();
    assert!(judged.status.success() && ours.is_empty(), "{said}");
}

/// The whole working copy goes to whoever builds the container: neither what was built here nor anybody's secrets do.
#[test]
fn the_container_is_built_from_what_is_kept_alone() {
    let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
    let (left_out, not_kept) = (read(".dockerignore"), read(".gitignore"));
    let leaves_out = |what: &str| left_out.lines().any(|line| line == what);
    let named = ["/.git", "/secrets", "/twinline.toml"];
    for what in not_kept.lines().chain(named) {
        assert!(leaves_out(what), "{what} is sent");
    }
    // What it builds is sent.
    for what in ["crates", "xtask", "config", "docs", "Cargo.lock", ".cargo"] {
        assert!(root().join(what).exists(), "{what}");
        assert!(
            !leaves_out(&format!("/{what}")) && !leaves_out(what),
            "{what}"
        );
    }
}
