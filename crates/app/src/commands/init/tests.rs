use super::*;
use crate::config;
use twinline_rules::parse;

fn args(left: &str, right: &str) -> InitArgs {
    InitArgs {
        left: left.into(),
        right: right.into(),
        left_url: None,
        right_url: Some("http://127.0.0.1:4020".parse().unwrap()),
        name: "first".into(),
    }
}

#[test]
fn every_pair_of_trackers_gets_files_that_can_be_read() {
    for (left, right) in
        registry::trackers().flat_map(|left| registry::trackers().map(move |right| (left, right)))
    {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("twinline.toml");
        run(&args(left, right), &file).unwrap();
        let config = config::load(&file).unwrap();
        assert_eq!(config.nodes.len(), 2, "{left} {right}");
        let (rules, _) = parse::load(&config.rules, "first.toml").unwrap();
        for side in twinline_core::names::Side::BOTH {
            let node = rules.sides.get(side).node.value.as_str();
            assert!(config.nodes.contains_key(node), "{left} {right}: {node}");
        }
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twinline.toml");
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    std::fs::write(folder.path().join("rules/first.toml"), "mine").unwrap();
    let error = run(&args("github", "jira-cloud"), &file).unwrap_err();
    assert!(
        error.to_string().contains("first.toml is there already"),
        "{error}"
    );
    assert!(!file.exists());
}

#[test]
fn secrets_are_for_their_owner_only_and_never_the_same() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    run(
        &args("github", "jira-cloud"),
        &folder.path().join("twinline.toml"),
    )
    .unwrap();
    let read = |node: &str| {
        let path = folder.path().join(format!("secrets/{node}.hook"));
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        std::fs::read_to_string(path).unwrap()
    };
    assert_ne!(read("github"), read("jira-cloud"));
}
