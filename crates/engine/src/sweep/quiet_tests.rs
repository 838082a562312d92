use super::*;

fn progress(to: i64) -> Progress {
    Progress {
        cursor: SweepCursor {
            cursor: to.to_string(),
            started_at: None,
            finished_at: None,
        },
        accounted_to: Some(Timestamp::from_millis(to)),
        covered: BTreeSet::new(),
    }
}

/// Notes and what is forgotten of them, by node; the nodes and cursors that are left.
fn check(noted: &[(&str, i64)], forgotten: &[&str], expected: &[(&str, &str)]) {
    let quiet = Quiet::default();
    for (node, to) in noted {
        quiet.note(&NodeName::from(*node), "scope", progress(*to));
    }
    for node in forgotten {
        quiet.forget(&NodeName::from(*node), "scope");
    }
    let taken = quiet.take();
    let left: Vec<_> = taken
        .iter()
        .map(|((node, _), progress)| (node.as_str(), progress.cursor.cursor.as_str()))
        .collect();
    assert_eq!(left, expected);
    assert!(quiet.take().is_empty(), "nothing is stored twice");
}

#[test]
fn the_last_note_of_each_scope_counts() {
    check(&[], &[], &[]);
    check(
        &[("b", 1), ("a", 2), ("b", 3)],
        &[],
        &[("a", "2"), ("b", "3")],
    );
    check(&[("a", 1), ("b", 2)], &["a"], &[("b", "2")]);
}

#[test]
fn a_step_is_bounded_and_leaves_the_rest() {
    let quiet = Quiet::default();
    for number in 0..STEP_MAX + 3 {
        let node = NodeName::new(format!("node{number:05}"));
        quiet.note(&node, "scope", progress(0));
    }
    let lengths: Vec<usize> = (0..3).map(|_| quiet.take().len()).collect();
    assert_eq!(lengths, [STEP_MAX, 3, 0]);
}
