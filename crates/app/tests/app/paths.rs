//! `watch verify-paths` on what is documented: who begins with it has no alarm that what fails can silence.

use crate::support::Installation;
use serde_json::Value as Json;

const DEFAULTS: &str = include_str!("../../../../config/twinline.default.toml");
const GUIDE: &str = include_str!("../../../../docs/guide/watch.md");

/// The guide's example.
fn example() -> String {
    let (_, block) = GUIDE.split_once("\n```toml\n").unwrap();
    let (block, _) = block.split_once("\n```\n").unwrap();
    format!("format = 1\n{block}\n")
}

/// The documented file with its comments that are keys as keys: a fleet of two machines.
fn with_all_keys() -> String {
    let lines = DEFAULTS.lines().map(|line| {
        let rest = line.strip_prefix("# ").unwrap_or_default();
        let is_key = rest.split_whitespace().nth(1) == Some("=") || rest.starts_with('[');
        if is_key { rest } else { line }
    });
    // Its node is of a tracker that needs none.
    let lines = lines.filter(|line| !line.starts_with("description "));
    lines.collect::<Vec<_>>().join("\n")
}

/// What a file with a secret could hold, by its name.
fn secret(file: &str) -> &'static str {
    match file {
        _ if file.ends_with("smtp.url") => "smtp://mail.acme.example:587",
        _ if file.ends_with("central.url") => "postgres://twinline@db1.acme.example/twinline",
        _ if file.ends_with(".url") => "https://pages.acme.example/hook",
        _ => "a secret that is as long as one must be",
    }
}

/// An installation with that configuration, and all files that it names.
fn with(text: &str) -> Installation {
    let made = Installation::new("");
    for named in text.split("file = \"").skip(1) {
        let (file, _) = named.split_once('"').unwrap();
        if let Some(folder) = made.path(file).parent() {
            std::fs::create_dir_all(folder).unwrap();
        }
        made.write(file, secret(file));
    }
    made.write("twinline.toml", text);
    made
}

/// What the command says of a configuration, with its exit code.
fn verified(text: &str) -> (Json, Option<i32>) {
    let made = with(text);
    let mut command = made.command(&["watch", "verify-paths", "--json"]);
    // A secret of the documented file is read from there.
    let done = command.env("CHAT", "hush").output().unwrap();
    let said = serde_json::from_slice(&done.stdout);
    let said = said.unwrap_or_else(|error| panic!("{error}: {done:?}"));
    (said, done.status.code())
}

/// Every path holds: these people are reached, in so many ways, and so many probes are looked at.
fn check(text: &str, people: &[&str], ways: usize, probes: usize) {
    let (said, code) = verified(text);
    assert_eq!(said["ok"], true, "{said:#}");
    assert_eq!(code, Some(0), "{said:#}");
    assert_eq!(said["unusable_channels"], serde_json::json!({}), "{said:#}");
    let pages = said["routes"]["pages"].as_array().unwrap();
    let mut reached: Vec<&str> = (pages.iter())
        .map(|it| it["person"].as_str().unwrap())
        .collect();
    assert_eq!(reached.len(), ways, "{said:#}");
    reached.dedup();
    assert_eq!(reached, people);
    assert_eq!(said["probes"].as_array().unwrap().len(), probes, "{said:#}");
}

#[test]
fn the_guides_example_can_be_heard_whatever_fails() {
    check(&example(), &["ada", "bo"], 2, 7);
}

#[test]
fn the_documented_fleet_can_be_heard_whatever_fails() {
    check(&with_all_keys(), &["ada", "bo"], 3, 17);
}

/// The defaults as they stand name nobody to call.
#[test]
fn the_defaults_alone_are_told_to_have_nobody_to_call() {
    let (said, code) = verified(DEFAULTS);
    assert_eq!((&said["ok"], code), (&Json::Bool(false), Some(1)));
    let findings = said["findings"].as_array().unwrap();
    for finding in findings {
        let sentence = finding["sentence"].as_str().unwrap();
        let nobody = sentence.starts_with("nobody can be called");
        assert_eq!(nobody, finding["fails"] == true, "{sentence}");
    }
    assert!(findings.iter().any(|it| it["fails"] == true), "{said:#}");
}
