//! What several edges say of one node's deliveries, look by look.

use super::*;

/// What one edge tells: refused, since how many seconds; genuine, how many seconds ago the last.
type Edge = Option<(u64, u64, u64, u64)>;

fn told(edges: &[Edge]) -> Told {
    let told = edges.iter().map(|edge| {
        let (refused, since, genuine, ago) = (*edge)?;
        let signed = Signed {
            node: "a".to_owned(),
            refused,
            refused_since_ms: (refused > 0).then_some(since * 1000),
            genuine,
            genuine_ms_ago: (genuine > 0).then_some(ago * 1000),
        };
        Some([("a".to_owned(), signed)].into())
    });
    told.collect()
}

/// How many count as refused at each look.
fn check(looks: &[(&[Edge], u64)]) {
    let mut before = Before::default();
    for (look, (edges, expected)) in looks.iter().enumerate() {
        let found = before.refused("a", &told(edges));
        assert_eq!(found, *expected, "look {look}: {edges:?}");
    }
}

#[test]
fn what_all_edges_refuse_counts_together() {
    check(&[
        (&[None, None], 0),
        (&[Some((4, 9, 0, 0)), Some((5, 9, 0, 0))], 9),
        (&[Some((4, 39, 0, 0)), Some((6, 39, 0, 0))], 10),
    ]);
}

#[test]
fn a_stranger_at_one_edge_is_nothing_while_another_hears_the_tracker() {
    check(&[
        (&[Some((50, 100, 0, 0)), Some((0, 0, 7, 10))], 0),
        (&[Some((80, 130, 0, 0)), Some((0, 0, 9, 5))], 0),
        // Nothing genuine came since the last look.
        (&[Some((83, 160, 0, 0)), Some((0, 0, 9, 35))], 3),
        (&[Some((99, 190, 0, 0)), Some((0, 0, 10, 1))], 0),
    ]);
}

#[test]
fn a_secret_that_was_changed_shows_at_an_edge_that_had_heard_strangers() {
    check(&[
        (&[Some((50, 100, 0, 0)), Some((0, 0, 7, 10))], 0),
        (&[Some((55, 130, 0, 0)), Some((6, 20, 7, 40))], 11),
        // An edge that began anew has forgotten what it had counted, and what was genuine.
        (&[Some((2, 3, 0, 0)), Some((6, 50, 7, 70))], 8),
    ]);
}

#[test]
fn what_began_after_the_last_genuine_one_counts_at_the_first_look_too() {
    check(&[(&[Some((12, 50, 3, 60)), Some((1, 55, 0, 0))], 13)]);
    check(&[(&[Some((12, 70, 0, 0)), Some((1, 55, 4, 60))], 1)]);
}

#[test]
fn an_edge_that_forgets_what_was_genuine_brings_nothing_back() {
    check(&[
        (&[Some((50, 100, 0, 0)), Some((0, 0, 7, 10))], 0),
        // It was started again, and no genuine one has come since.
        (&[Some((52, 130, 0, 0)), Some((0, 0, 0, 0))], 2),
        (&[Some((52, 160, 0, 0)), Some((0, 0, 0, 0))], 2),
        (&[Some((53, 190, 0, 0)), Some((0, 0, 1, 5))], 0),
        // Its last genuine one is longer ago than an edge remembers.
        (&[Some((53, 4000, 0, 0)), Some((0, 0, 0, 0))], 0),
        (&[Some((63, 4030, 0, 0)), Some((0, 0, 0, 0))], 10),
    ]);
}

#[test]
fn an_edge_that_was_started_again_tells_of_what_has_come_since() {
    check(&[
        (&[Some((50, 100, 0, 0)), Some((0, 0, 7, 10))], 0),
        (&[Some((58, 130, 0, 0)), Some((0, 0, 2, 5))], 0),
        // As many as before, and the last of them is newer.
        (&[Some((66, 160, 0, 0)), Some((0, 0, 2, 1))], 0),
        (&[Some((69, 190, 0, 0)), Some((0, 0, 2, 31))], 3),
    ]);
}

#[test]
fn an_edge_that_is_heard_first_brings_back_nothing_older_than_what_was_genuine() {
    check(&[
        (&[Some((50, 100, 0, 0)), Some((0, 0, 7, 10)), None], 0),
        (
            &[
                Some((51, 130, 0, 0)),
                Some((0, 0, 0, 0)),
                Some((0, 0, 3, 200)),
            ],
            1,
        ),
    ]);
}
