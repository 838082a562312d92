//! The unit files of `deploy/systemd`, judged by systemd itself.

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
