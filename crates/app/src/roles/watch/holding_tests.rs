use super::*;

fn write(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let file = folder.path().join("twinline.toml");
    std::fs::write(&file, text).unwrap();
    file
}

#[test]
fn what_an_edit_has_broken_is_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let good = "format = 1\ndata = 'here'\n[instance]\nname = \"acme\"\n";
    let file = write(&folder, good);
    assert!(load(&file).unwrap().broken.is_none());
    let data = DataFolder::open(&folder.path().join("here")).unwrap();
    keep(&data, good).unwrap();
    write(&folder, &good.replace("name", "nmae"));
    let holding = load(&file).unwrap();
    assert_eq!(holding.config.instance.name, "acme");
    let broken = holding.broken.unwrap();
    assert!(broken.contains("did you mean 'name'?"), "{broken}");
    // A kept one that somebody has changed is none.
    let place = place(&data);
    let sealed = std::fs::read_to_string(&place).unwrap();
    std::fs::write(&place, sealed.replace("acme", "evil")).unwrap();
    assert!(load(&file).is_err());
}

#[test]
fn a_data_folder_is_found_in_a_file_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    for (text, expected) in [
        ("data = \"a b\"\n[", "a b"),
        ("  data='/x/y'  # here", "/x/y"),
        ("[[[", "twinline-data"),
    ] {
        let file = write(&folder, text);
        assert_eq!(data_of(&file), folder.path().join(expected));
    }
}
