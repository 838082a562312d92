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
fn the_digest_changes_with_what_names_stand_for_and_not_with_what_a_workflow_was_seen_to_allow() {
    let described = |json: serde_json::Value| Snapshot {
        descriptions: Sides {
            left: serde_json::from_value(json).unwrap(),
            right: SideDescription::default(),
        },
        ..snapshot(MAP, "a")
    };
    let field = |option: &str| {
        serde_json::json!({ "fields": { "sev": { "name": "Severity", "kind": "choice",
            "options": [{ "id": "1", "name": option }] } } })
    };
    let one = described(field("High"));
    assert_eq!(one.digest(), described(field("High")).digest());
    let renamed = described(field("Highest"));
    assert_ne!(one.digest(), renamed.digest());
    assert!(renamed.diff(&one).starts_with("left side: "));
    let status = |leads_to: serde_json::Value| {
        let status =
            serde_json::json!({ "status": { "id": "1", "name": "Open" }, "leads_to": leads_to });
        described(serde_json::json!({ "statuses": [status] }))
    };
    let (some, more) = (
        status(serde_json::json!(["2"])),
        status(serde_json::json!(["2", "3"])),
    );
    assert_eq!(some.digest(), more.digest());
}

/// A release that refuses keys which it does not know still reads what this one stores, and this one reads the key.
#[test]
fn what_ways_demand_is_read_and_never_stored() {
    let described = |demands: serde_json::Value| {
        let mut status = serde_json::json!({ "status": { "id": "1", "name": "Done" } });
        if let Some(status) = status.as_object_mut().filter(|_| !demands.is_null()) {
            status.insert("demands".to_owned(), demands);
        }
        Snapshot {
            descriptions: Sides {
                left: serde_json::from_value(serde_json::json!({ "statuses": [status] })).unwrap(),
                right: SideDescription::default(),
            },
            ..snapshot(MAP, "a")
        }
    };
    let (old, new) = (
        described(serde_json::Value::Null),
        described(serde_json::json!(["resolution"])),
    );
    assert_eq!(new.descriptions.left.statuses[0].demands.len(), 1);
    let stored = serde_json::to_string(&new).unwrap();
    assert_eq!(stored, serde_json::to_string(&old).unwrap());
    assert_eq!(serde_json::from_str::<Snapshot>(&stored).unwrap(), old);
    assert_eq!(new.digest(), old.digest());
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
