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

fn check(marks: &SafeMarks, cleared: &[&str], expected: u64) {
    let cleared: Vec<ItemId> = cleared.iter().map(|name| item(name)).collect();
    marks.cleared(&cleared);
    assert_eq!(marks.watermark("edge"), expected, "{cleared:?}");
}

#[test]
fn a_batch_is_safe_when_all_of_it_and_all_before_it_is_clean() {
    let marks = SafeMarks::default();
    marks.taken("edge", 3, items(&["a", "b"]));
    marks.taken("edge", 7, items(&["b", "c"]));
    marks.taken("edge", 8, items(&[]));
    check(&marks, &["c"], 0);
    check(&marks, &["a", "unknown"], 0);
    check(&marks, &["b"], 8);
    marks.taken("edge", 9, items(&["a"]));
    check(&marks, &["b"], 8);
    check(&marks, &["a"], 9);
}

#[test]
fn batches_over_the_limit_are_joined_and_only_later() {
    let marks = SafeMarks::default();
    let over = BATCHES_MAX as u64 + 5;
    for last in 1..=over {
        marks.taken("edge", last, items(&["a", "b"]));
    }
    check(&marks, &["a"], 0);
    check(&marks, &["b"], over);
}
