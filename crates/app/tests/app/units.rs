//! What the unit files and the container start is what there is to start.

use std::path::Path;
use std::process::Command;

/// Asks the binary for the help of a command, which must know all its options.
fn check(line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let help = Command::new(env!("CARGO_BIN_EXE_twinline"))
        .args([words[0], "--help"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&help.stdout);
    assert!(help.status.success(), "{line}: {help:?}");
    for option in words.iter().filter(|word| word.starts_with("--")) {
        assert!(said.contains(option), "{line}: {said}");
    }
}

#[test]
fn every_command_that_is_started_is_known() {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let read = |name: &str| std::fs::read_to_string(deploy.join(name)).unwrap();
    for unit in [
        "systemd/twinline-edge.service",
        "systemd/twinline-host.service",
        "systemd/twinline-watch.service",
    ] {
        let text = read(unit);
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart=/usr/bin/twinline "));
        check(line.unwrap());
    }
    let container = read("Containerfile");
    let commands = container
        .lines()
        .filter_map(|line| line.trim().strip_prefix("CMD ["));
    let mut count = 0;
    for command in commands {
        let words = command.trim_end_matches(']').replace(['"', ','], "");
        check(words.trim_start_matches("twinline "));
        count += 1;
    }
    assert_eq!(count, 2);
}
