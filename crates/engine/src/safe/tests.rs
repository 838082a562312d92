use super::*;

fn items(names: &[&str]) -> BTreeSet<ItemId> {
    names.iter().map(|name| item(name)).collect()
}

fn item(name: &str) -> ItemId {
    ItemId {
        node: "n".into(),
        id: name.to_owned(),
    }
}

/// A batch whose step is durable.
fn taken(marks: &SafeMarks, last: u64, names: &[&str]) {
    marks.taken("edge", last, items(names));
    marks.durable("edge", last);
}

fn check(marks: &SafeMarks, cleared: &[&str], expected: u64) {
    let cleared: Vec<ItemId> = cleared.iter().map(|name| item(name)).collect();
    marks.cleared(&cleared);
    assert_eq!(marks.watermark("edge").seq, expected, "{cleared:?}");
}

#[test]
fn a_batch_is_safe_when_all_of_it_and_all_before_it_is_clean() {
    let marks = SafeMarks::default();
    taken(&marks, 3, &["a", "b"]);
    taken(&marks, 7, &["b", "c"]);
    taken(&marks, 8, &[]);
    check(&marks, &["c"], 0);
    check(&marks, &["a", "unknown"], 0);
    check(&marks, &["b"], 8);
    taken(&marks, 9, &["a"]);
    check(&marks, &["b"], 8);
    check(&marks, &["a"], 9);
}

#[test]
fn batches_over_the_limit_are_joined_and_only_later() {
    let marks = SafeMarks::default();
    let over = BATCHES_MAX as u64 + 5;
    for last in 1..=over {
        taken(&marks, last, &["a", "b"]);
    }
    check(&marks, &["a"], 0);
    check(&marks, &["b"], over);
}

#[test]
fn another_inbox_begins_at_its_beginning() {
    let marks = SafeMarks::default();
    marks.begin("edge", InboxId::new("old"), 0, None);
    taken(&marks, 3, &["a", "b"]);
    check(&marks, &["a", "b"], 3);
    taken(&marks, 4, &["a"]);
    marks.begin("edge", InboxId::new("new"), 0, None);
    check(&marks, &["a"], 0);
    assert_eq!(marks.watermark("edge").inbox, InboxId::new("new"));
    taken(&marks, 1, &["a"]);
    check(&marks, &[], 0);
    check(&marks, &["a"], 1);
}

#[test]
fn nothing_is_safe_that_is_not_durable() {
    let marks = SafeMarks::default();
    taken(&marks, 3, &["a"]);
    marks.taken("edge", 5, items(&["a"]));
    check(&marks, &["a"], 3);
    taken(&marks, 5, &["a"]);
    check(&marks, &[], 3);
    check(&marks, &["a"], 5);
}

/// The retried step may find that nothing new is told of an item: then nobody clears it again.
#[test]
fn what_a_failed_step_told_holds_nothing_up() {
    let marks = SafeMarks::default();
    taken(&marks, 3, &[]);
    marks.taken("edge", 5, items(&["a", "b"]));
    taken(&marks, 5, &["b"]);
    check(&marks, &["b"], 5);
    for last in 6..6 + BATCHES_MAX as u64 {
        taken(&marks, last, &["c"]);
    }
    let last = 6 + BATCHES_MAX as u64;
    marks.taken("edge", last, items(&["a", "c"]));
    check(&marks, &[], 5);
    taken(&marks, last, &[]);
    check(&marks, &["c"], last);
}

#[test]
fn what_was_dirty_at_the_beginning_holds_up_what_comes_after() {
    let marks = SafeMarks::default();
    marks.begin("edge", InboxId::new("it"), 7, Some(20));
    marks.durable("edge", 7);
    taken(&marks, 8, &["a"]);
    check(&marks, &["a"], 0);
    marks.passed(Some(20));
    check(&marks, &[], 0);
    marks.passed(Some(21));
    check(&marks, &[], 8);
}
