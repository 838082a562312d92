use super::LeaseFile;
use twinline_engine::ownership::LeaseId;

fn lease(id: i64) -> LeaseId {
    serde_json::from_value(id.into()).unwrap()
}

#[test]
fn a_lease_is_gone_on_with_by_its_own_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let at = |machine: &str| LeaseFile::new(folder.path().join("lease.json"), machine);
    assert_eq!(at("m1").read().unwrap(), None, "there was none yet");
    for id in [7, 8] {
        at("m1").keep(lease(id)).unwrap();
        assert_eq!(at("m1").read().unwrap(), Some(lease(id)));
    }
    assert_eq!(at("m2").read().unwrap(), None, "the folder was copied");
}

#[test]
fn a_lease_that_cannot_be_understood_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lease.json");
    for text in ["", "7", "{\"lease\":7}", "{"] {
        std::fs::write(&path, text).unwrap();
        let read = LeaseFile::new(path.clone(), "m1").read();
        assert_eq!(read.unwrap(), None, "{text}");
    }
}
