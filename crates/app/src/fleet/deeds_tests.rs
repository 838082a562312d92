use super::{Deeds, deed};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;

#[test]
fn deeds_are_kept_until_they_are_sent_and_one_that_was_cut_off_is_passed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deeds.jsonl");
    let deeds = Deeds::new(file.clone());
    assert_eq!(deeds.read().unwrap(), []);
    let one = deed("ada", "drain", "m1", &json!({ "force": true }));
    deeds.note(&one).unwrap();
    let mut torn = OpenOptions::new().append(true).open(&file).unwrap();
    torn.write_all(b"{\"id\":\"x").unwrap();
    let two = deed("bo\nbo", "undrain", "m1", &json!({}));
    deeds.note(&two).unwrap();
    let again = Deeds::new(file);
    assert_eq!(again.read().unwrap(), [one.clone(), two.clone()]);
    let sent = BTreeSet::from([one.id.as_str()]);
    again.forget(&sent).unwrap();
    assert_eq!(again.read().unwrap(), [two]);
}
