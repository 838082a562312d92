use super::*;

fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pairs.csv");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn pairs_are_read_with_quotes_and_white_space() {
    let (_folder, path) = file("left,right\nSUP-7, acme/app#12\n\"SUP-8\",\"acme/app#13\"\n");
    let expected = [("SUP-7", "acme/app#12"), ("SUP-8", "acme/app#13")];
    assert_eq!(
        pairs(&path).unwrap(),
        expected.map(|(l, r)| (l.to_owned(), r.to_owned()))
    );
}

#[test]
fn a_fault_names_its_line() {
    let cases = [
        (
            "a,b\nx,y\n",
            ":1: the headings are 'a,b'; write 'left,right'",
        ),
        ("left,right\nx,\n", ":2: the key under 'right' is missing"),
        (
            "left,right\nx,y\nz\na,b,c\n",
            ":3: 1 columns where 'left,right' is asked for",
        ),
        (
            "left,right\nx,y\nz\na,b,c\n",
            ":4: 3 columns where 'left,right' is asked for",
        ),
    ];
    for (text, expected) in cases {
        let (_folder, path) = file(text);
        let error = pairs(&path).unwrap_err();
        assert_eq!(error.code, USAGE);
        assert!(error.sentence.contains(expected), "{}", error.sentence);
    }
}
