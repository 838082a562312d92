use super::*;

/// Makes these edits (item, node, kind), then lets texts be written at nodes.
fn check(made: &[(usize, usize, Kind)], written: &[(&str, usize)], arrived: &[bool]) {
    let book = Book::new();
    for (item, node, kind) in made {
        book.begin(*item, *node, *kind);
    }
    for (text, node) in written {
        book.written(*node, format!(r#"{{"text": "{text}"}}"#).as_bytes());
    }
    let edits = book.edits();
    let found: Vec<bool> = edits.iter().map(|edit| edit.arrived.is_some()).collect();
    assert_eq!(found, arrived, "{made:?} {written:?}");
    assert_eq!(book.open(), arrived.iter().filter(|one| !**one).count());
}

#[test]
fn an_edit_arrives_when_its_mark_is_written_on_the_other_side() {
    let two = [(0, 0, Kind::Title), (1, 3, Kind::Comment)];
    check(&two, &[(&mark(0), 1)], &[true, false]);
    check(&two, &[("edit-1- and edit-0-", 1)], &[true, true]);
    // Its own side says nothing.
    check(&two, &[(&mark(0), 0), (&mark(1), 3)], &[false, false]);
}

#[test]
fn a_later_edit_of_a_field_carries_what_it_replaced_and_a_comment_only_itself() {
    let titles = [
        (0, 0, Kind::Title),
        (0, 0, Kind::Title),
        (1, 0, Kind::Title),
    ];
    check(&titles, &[(&mark(1), 1)], &[true, true, false]);
    check(&titles, &[(&mark(0), 1)], &[true, false, false]);
    let comments = [(0, 0, Kind::Comment), (0, 0, Kind::Comment)];
    check(&comments, &[(&mark(1), 1)], &[false, true]);
}

#[test]
fn what_is_no_edit_is_none() {
    let others = ["", "edit-", "edit-7-", "[0] as it was made"];
    check(
        &[(0, 0, Kind::Title)],
        &others.map(|text| (text, 1)),
        &[false],
    );
}
