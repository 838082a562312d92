//! Snapshots: stored, read back, compared.

use super::*;
use crate::script::InProcess;
use twinline_core::rules::Rules as _;

fn snapshot(map: &str, script: &str) -> Snapshot {
    Snapshot {
        sources: RuleSources {
            map: SourceFile::new("pair.toml", map),
            scripts: Sides {
                left: Some(SourceFile::new("l.js", script)),
                right: None,
            },
        },
        descriptions: Sides::default(),
    }
}

const MAP: &str = "format = 1\nname = \"pair\"\n[left]\nnode = \"a\"\nscope = { p = \"1\" }\n[right]\nnode = \"b\"\nscope = { p = \"1\" }\n";

#[test]
fn a_snapshot_is_stored_and_runs_again() {
    let snapshot = snapshot(MAP, "");
    let stored = serde_json::to_string(&snapshot).unwrap();
    let back: Snapshot = serde_json::from_str(&stored).unwrap();
    assert_eq!(back, snapshot);
    let rules = back.compile(4, Arc::new(InProcess::default())).unwrap();
    assert_eq!(
        (
            rules.contract().version,
            rules.contract().connection.as_str()
        ),
        (4, "pair")
    );
}

#[test]
fn the_digest_changes_with_map_and_script() {
    let one = snapshot(MAP, "a").digest();
    assert_eq!(one, snapshot(MAP, "a").digest());
    assert_ne!(one, snapshot(MAP, "b").digest());
    assert_ne!(one, snapshot(&format!("{MAP}# x"), "a").digest());
}

#[test]
fn a_diff_shows_changed_lines_with_three_around() {
    let old = snapshot(MAP, "same\n");
    let new = snapshot(
        &MAP.replace("node = \"b\"", "node = \"c\"\n# why"),
        "same\n",
    );
    let expected = "pair.toml\n  …\n  node = \"a\"\n  scope = { p = \"1\" }\n  [right]\n- node = \"b\"\n+ node = \"c\"\n+ # why\n  scope = { p = \"1\" }\n";
    assert_eq!(new.diff(&old), expected);
    assert_eq!(new.diff(&new), "");
}
