use super::*;

#[test]
fn a_place_is_read_back_and_nothing_else_is_a_place() {
    for list in [List::Issues, List::Comments] {
        let place = Place {
            list,
            started: Timestamp::from_millis(1_769_851_800_000),
            from: Timestamp::from_millis(-5),
            position: Position {
                since: Timestamp::from_millis(1000),
                page: 3,
            },
        };
        assert_eq!(Place::read(&place.write()), Some(place));
    }
    for page in [
        "",
        "issues",
        "issues.1.2",
        "issues.1.2.x",
        "issues.1.2.3.4",
        "other.1.2.3",
    ] {
        let cursor = Cursor {
            since: Timestamp::EPOCH,
            page: Some(page.to_owned()),
        };
        assert_eq!(Place::read(&cursor), None, "{page}");
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let newest = Newest::default();
    for number in 0..NEWEST_MAX * 2 {
        newest.set(number.to_string(), (String::new(), None));
    }
    assert!(newest.0.lock().unwrap().len() <= NEWEST_MAX);
}
