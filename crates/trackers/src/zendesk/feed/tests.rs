use super::*;

fn check(page: Option<&str>, expected: Option<At>) {
    let cursor = Cursor {
        since: Timestamp::EPOCH,
        page: page.map(str::to_owned),
    };
    assert_eq!(At::read(&cursor), expected, "{page:?}");
}

#[test]
fn a_place_is_read_as_it_was_written() {
    let began = Timestamp::from_millis(1_769_851_800_123);
    let after = || Some("MTU3|x 9==".to_owned());
    for part in [
        Part::Export(None),
        Part::Export(after()),
        Part::Recent(0, None),
        Part::Recent(3, after()),
    ] {
        let at = At { began, part };
        let written = at.cursor(&Cursor::default()).page;
        check(written.as_deref(), Some(at));
    }
    check(None, None);
    check(Some(""), None);
    check(Some("soon e x"), None);
    check(Some("12"), None);
}
