//! Cases of a twin that closes a ring: it takes over the bases that its items have in the cluster ([`Base::carried`]).
//!
//! Items `a`, `b` and `c`; the twins a-b and b-c carry `f`, and the closing twin c-a carries `f` and `g`.

use super::net::{Net, item};
use super::rules::TestRules;
use super::{Case, show::summary};
use crate::names::Side;

pub(super) const CASES: &[Case] = &[
    ("a ring closes in step", || {
        closes("", "x", "x", "g in step")
    }),
    (
        "a ring closes while an edit is on its way round",
        edit_on_its_way,
    ),
    ("a ring closes while both its items are edited", both_edited),
    (
        "a ring closes over a new field, its left side filled",
        || closes("first=right", "x", "∅", "g -> first; right: g=x"),
    ),
    (
        "a ring closes over a new field, its right side filled",
        || closes("first=left", "∅", "x", "g <- first; left: g=x"),
    ),
    ("a ring closes over a new field, first left", || {
        closes("first=left", "x", "y", "g -> first; right: g=x");
    }),
    ("a ring closes over a new field, first right", || {
        closes("first=right", "x", "y", "g <- first; left: g=y");
    }),
    ("a ring closes over a new field, first hold", || {
        closes("first=hold", "x", "y", "g held first");
    }),
    ("a ring closes over a new one-way field", || {
        closes("<-", "x", "∅", "g <- first; left: g=∅");
    }),
];

/// The ring before its closing twin is planned, with `f` alike everywhere and these values of `g` on `c` and `a`.
fn ring(f: &str, g: &str, (on_c, on_a): (&str, &str)) -> Net {
    let items = [on_a, "∅", on_c].into_iter().enumerate();
    let items = items.map(|(node, g)| item(node, &[("f", "old"), ("g", g)]));
    let mut net = Net::of(items.collect());
    net.join(TestRules::new("a", "b").field("f", ""), 0, 1);
    net.join(TestRules::new("b", "c").field("f", ""), 1, 2);
    for twin in [0, 1] {
        net.rebase(twin);
    }
    net.join(TestRules::new("c", "a").field("f", f).field("g", g), 2, 0);
    net
}

/// Gives the closing twin the bases of `c` in b-c and of `a` in a-b.
fn close(net: &mut Net) {
    for (side, (other, there)) in [
        (Side::Left, (1, Side::Right)),
        (Side::Right, (0, Side::Left)),
    ] {
        let theirs = &net.twins[other];
        let base = theirs.bases.get(there).as_ref().unwrap();
        let own = (&net.twins[2].rules.contract, side);
        let carried = base.carried(own, (&theirs.rules.contract, there));
        *net.twins[2].bases.get_mut(side) = Some(carried);
    }
}

fn closes(spec: &str, on_c: &str, on_a: &str, expected: &str) {
    let mut net = ring("", spec, (on_c, on_a));
    close(&mut net);
    assert_eq!(summary(&net.plan(2)), expected);
    net.quiesce();
    assert!(net.plan(2).effects.is_empty());
}

/// Without the bases, `first` would bring the old value back.
fn edit_on_its_way() {
    let mut net = ring("first=left", "", ("∅", "∅"));
    net.nodes[0].edit("f", "new");
    close(&mut net);
    assert_eq!(
        summary(&net.plan(2)),
        "f <- changed; g in step; left: f=new"
    );
    net.quiesce();
    for twin in 0..3 {
        assert_eq!(summary(&net.plan(twin)), "");
    }
}

fn both_edited() {
    let mut net = ring("conflict=right first=left", "", ("∅", "∅"));
    net.nodes[2].edit("f", "theirs");
    net.nodes[0].edit("f", "ours");
    close(&mut net);
    assert_eq!(summary(&net.plan(2)), "f <- won; g in step; left: f=ours");
}
