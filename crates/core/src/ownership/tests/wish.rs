use crate::ownership::{Asked, Part, Wish};

/// The wish for a group with each of: neither, other members, to go, both.
fn check(part: Part, is_over: bool, expected: [Wish; 4]) {
    let cases = [(false, false), (true, false), (false, true), (true, true)];
    for ((has_other_members, is_to_go), expected) in cases.into_iter().zip(expected) {
        let asked = Asked {
            part,
            has_other_members,
            is_to_go,
            is_over,
        };
        assert_eq!(Wish::of(asked), expected, "{asked:?}");
    }
}

#[test]
fn a_group_with_other_nodes_begins_anew_before_it_leaves_or_goes() {
    use Wish::{End, GiveAway, Leave, Work};
    check(Part::Stays, false, [Work, End, GiveAway, End]);
    check(Part::Leaves, false, [Leave, End, Leave, End]);
    check(Part::Gone, false, [End; 4]);
}

#[test]
fn what_was_begun_to_be_given_away_is_given_away() {
    for part in [Part::Stays, Part::Leaves, Part::Gone] {
        check(part, true, [Wish::GiveAway; 4]);
    }
}
