use super::*;
use crate::config;

/// The machine's file has the nodes `a` and `b`.
fn config() -> Config {
    let node = "tracker = \"github\"\nurl = \"https://api.github.com\"\nauth = { token = { file = \"token\" } }\n";
    let text = format!("format = 1\n[nodes.a]\n{node}[nodes.b]\n{node}");
    config::parse(Path::new("twinline.toml"), &text).unwrap()
}

/// What is published says which group each node is in.
fn published(places: &[(&str, &str)]) -> Definitions {
    let mut published = Definitions::default();
    let places = places.iter();
    let places = places.map(|(node, group)| ((*node).into(), GroupId::new(*group)));
    published.places.extend(places);
    published
}

/// The nodes that there are and that the edge has no route to, and whether there are provably no others.
fn check(places: &[(&str, &str)], is_confirmed: bool, expected: &[(&str, &str)]) {
    let own = Own::new(&config());
    let found = own.directory(&published(places), &Roster::default(), is_confirmed);
    let unrouted = found.unrouted.iter();
    let unrouted: Vec<_> = unrouted
        .map(|(node, group)| (node.as_str(), group.as_str()))
        .collect();
    assert_eq!(unrouted, expected);
    assert_eq!(found.complete, is_confirmed);
    let names: Vec<_> = found.nodes.keys().map(NodeName::as_str).collect();
    assert_eq!(names, ["a", "b"], "with or without a group");
}

#[test]
fn what_is_published_and_not_in_its_file_an_edge_does_not_deny() {
    check(&[], true, &[]);
    check(&[("a", "g")], false, &[]);
    check(
        &[("a", "g"), ("new", "g"), ("b", "h")],
        true,
        &[("new", "g")],
    );
}

#[tokio::test]
async fn an_edge_alone_denies_no_node_once_its_file_is_another() {
    let root = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(&root.path().join("data")).unwrap();
    let file = root.path().join("twinline.toml");
    std::fs::write(&file, "format = 1\n").unwrap();
    let places = Places::new(&config(), folder, &file, Version::of(&file));
    let is_complete = async || places.read().await.unwrap().complete;
    assert!(is_complete().await);
    std::fs::write(&file, "format = 1\n# and a node more\n").unwrap();
    assert!(!is_complete().await);
    std::fs::remove_file(&file).unwrap();
    assert!(!is_complete().await);
}
