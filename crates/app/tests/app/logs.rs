//! What is written for people and for programs: colours only where somebody looks, JSON where it is asked for.

use crate::support::{Installation, text_of, until};
use std::process::{Command, Stdio};
use twinline_sim::needs;

/// What `up` has logged once both roles work, with this in `[log]`.
fn logged(format: &str) -> String {
    let installation =
        Installation::new(&format!("[log]\nformat = \"{format}\"\nlevel = \"info\"\n"));
    let up = installation.up();
    let log = until("something in the log", || {
        let text = text_of(&installation.path("up.log"));
        // Whole lines only.
        text.ends_with('\n').then_some(text)
    });
    drop(up);
    log
}

#[test]
fn a_log_for_programs_is_a_json_object_a_line() {
    let log = logged("json");
    for line in log.lines() {
        let object: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            object["level"].is_string() && object["timestamp"].is_string(),
            "{line}"
        );
    }
}

#[test]
fn a_log_that_goes_to_a_file_has_no_colours() {
    let log = logged("human");
    assert!(log.contains("INFO") && !log.contains('\u{1b}'), "{log}");
}

/// `script` gives a program a terminal; it is on every Linux that has util-linux.
#[test]
fn an_error_has_colours_on_a_terminal_only() {
    let installation = Installation::new("");
    let piped = installation.run(&["status"]);
    assert!(!piped.status.success());
    let said = String::from_utf8_lossy(&piped.stderr).into_owned();
    assert!(
        said.starts_with("error: ") && !said.contains('\u{1b}'),
        "{said}"
    );
    let program = env!("CARGO_BIN_EXE_twinline");
    let config = installation.path("twinline.toml");
    let line = format!("'{program}' status --config '{}'", config.display());
    let shown = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .stdin(Stdio::null())
        .output();
    let Ok(shown) = shown else {
        needs::met(false, "'script', which gives a program a terminal,");
        return;
    };
    let said = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(said.contains("\u{1b}[31;1merror:\u{1b}[0m"), "{said:?}");
}
