use super::*;
use std::collections::BTreeMap;

/// A folder's files with their texts.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        (entry.file_name().into_string().unwrap(), text)
    });
    entries.collect()
}

/// Puts a restored state called `new` in its place, in a folder with these files.
fn check(before: &[(&str, &str)], replace: bool, after: &[(&str, &str)], aside: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, text) in before {
        std::fs::write(at(name), text).unwrap();
    }
    std::fs::write(at("host.db.restoring"), "new").unwrap();
    let put = put_in_place(&at("host.db.restoring"), &at("host.db"), replace).unwrap();
    assert_eq!(put, aside.map(at), "{before:?}");
    let after = after
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    assert_eq!(files(folder.path()), after.collect(), "{before:?}");
}

#[test]
fn a_restored_state_never_meets_another_ones_log_and_nothing_is_lost() {
    check(&[], false, &[("host.db", "new")], None);
    check(
        &[
            ("host.db", "a"),
            ("host.db-wal", "log of a"),
            ("host.db-shm", "index of a"),
        ],
        true,
        &[
            ("host.db", "new"),
            ("host.db.replaced", "a"),
            ("host.db.replaced-wal", "log of a"),
            ("host.db.replaced-shm", "index of a"),
        ],
        Some("host.db.replaced"),
    );
    // A damaged file was removed, its log was not.
    check(
        &[("host.db-wal", "log of a")],
        false,
        &[("host.db", "new"), ("host.db.replaced-wal", "log of a")],
        Some("host.db.replaced"),
    );
    check(
        &[
            ("host.db", "b"),
            ("host.db.replaced", "a"),
            ("host.db.replaced-2-wal", "of c"),
        ],
        true,
        &[
            ("host.db", "new"),
            ("host.db.replaced", "a"),
            ("host.db.replaced-2-wal", "of c"),
            ("host.db.replaced-3", "b"),
        ],
        Some("host.db.replaced-3"),
    );
}

#[test]
fn a_state_that_is_there_is_replaced_by_a_persons_word_only() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("host.db"), "a").unwrap();
    std::fs::write(at("host.db.restoring"), "new").unwrap();
    let refused = put_in_place(&at("host.db.restoring"), &at("host.db"), false);
    assert!(refused.unwrap_err().to_string().contains("--replace"));
    assert_eq!(
        files(folder.path()),
        [("host.db".to_owned(), "a".to_owned())].into()
    );
}
