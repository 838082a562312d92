use super::marks::{Mark, Marks};
use crate::queue::Key;
use twinline_core::item::ItemId;

fn mark(item: &str, rev: u64) -> Mark {
    Mark {
        item: ItemId {
            node: "n".into(),
            id: item.to_owned(),
        },
        rev,
        changed_at: None,
    }
}

fn twin(name: &str) -> Key {
    Key::Twin(name.into())
}

#[test]
fn a_mark_is_cleared_when_the_last_of_its_work_is_done() {
    let mut marks = Marks::default();
    marks.open(mark("i", 1), [twin("a"), twin("b")]);
    let (first, second) = (marks.take(&twin("a")), marks.take(&twin("b")));
    assert_eq!(marks.done(&twin("a"), first), []);
    assert_eq!(marks.done(&twin("b"), second), [mark("i", 1)]);
    assert_eq!(marks.len(), 0);
}

#[test]
fn a_mark_renewed_during_a_job_outlives_it() {
    let mut marks = Marks::default();
    marks.open(mark("i", 1), [twin("a")]);
    let taken = marks.take(&twin("a"));
    marks.open(mark("i", 2), [twin("a")]);
    assert_eq!(marks.done(&twin("a"), taken), []);
    let again = marks.take(&twin("a"));
    assert_eq!(marks.done(&twin("a"), again), [mark("i", 2)]);
}

#[test]
fn a_failed_job_keeps_its_marks() {
    let mut marks = Marks::default();
    marks.open(mark("i", 1), [twin("a")]);
    marks.open(mark("j", 1), [twin("a")]);
    let taken = marks.take(&twin("a"));
    assert_eq!(taken.len(), 2);
    marks.put_back(&twin("a"), &taken);
    assert_eq!(marks.take(&twin("a")), taken);
}
