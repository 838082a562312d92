//! Cases of one field: its contract, its bases, the items now, and the plan.

use super::net::{Net, item};
use super::rules::TestRules;
use super::show::summary;
use crate::names::{Side, Sides};

const TABLE: &str = "
nothing changed                               /                           / a | a         / a | a           /
left changed                                  /                           / a | a         / b | a           / f -> changed; right: f=b
right changed                                 /                           / a | a         / a | b           / f <- changed; left: f=b
left emptied                                  /                           / a | a         / ∅ | a           / f -> changed; right: f=∅
right filled                                  /                           / ∅ | ∅         / ∅ | b           / f <- changed; left: f=b
empty text is empty                           /                           / ∅ | ∅         / {} | ∅          /
absent now is no change                       /                           / a | a         / - | a           /
absent now does not stop the other side       /                           / a | a         / - | b           / f <- changed; left: f=b
absent on both sides                          /                           / - | -         / - | -           /
both changed alike                            /                           / a | a         / b | b           / f in step
bases differ, nothing changed                 /                           / a | b         / a | b           /
bases differ, left catches up                 /                           / a | b         / b | b           / f -> changed
conflict left                                 / conflict=left             / a | a         / b | c           / f -> won; right: f=b
conflict right                                / conflict=right            / a | a         / b | c           / f <- won; left: f=c
conflict hold                                 / conflict=hold             / a | a         / b | c           / f held conflict
conflict hold, but in step                    / conflict=hold             / a | a         / b | b           / f in step
conflict merge of short texts asks            / conflict=merge            / a | a         / b | c           / f held conflict
conflict latest without history, tie left     / conflict=latest           / a | a         / b | c           / f -> won; right: f=b
conflict latest without history, tie right    / conflict=latest tie=right / a | a         / b | c           / f <- won; left: f=c
conflict left, left emptied                   / conflict=left             / a | a         / ∅ | c           / f -> won; right: f=∅
conflict right, right emptied                 / conflict=right            / a | a         / b | ∅           / f <- won; left: f=∅
conflict right on texts replaces whole        / conflict=right            / ¶a¶b | ¶a¶b   / ¶x¶b | ¶a¶y     / f <- won; left: f=¶a¶y
labels merge from both sides                  /                           / {a} | {a}     / {a,b} | {a,c}   / f merges; left: f=+c; right: f=+b
labels added and removed                      /                           / {a,b} | {a,b} / {a,c} | {a,b}   / f -> changed; right: f=+c-b
labels removed on both sides                  /                           / {a,b} | {a,b} / {b} | {a}       / f merges; left: f=-b; right: f=-a
labels all removed                            /                           / {a} | {a}     / {} | {a}        / f -> changed; right: f=-a
labels merge under hold too                   / conflict=hold             / {} | {}       / {a} | {b}       / f merges; left: f=+b; right: f=+a
a label added where the other side removes it /                           / {x} | {}      / {} | {x}        / f merges; left: f=+x
labels added alike                            /                           / {a} | {a}     / {a,b} | {a,b}   / f in step
labels added alike and one more               /                           / {} | {}       / {b} | {b,c}     / f merges; left: f=+c
labels keep what only the target has          /                           / {a} | {a,own} / {a,b} | {a,own} / f -> changed; right: f=+b
first left                                    / first=left                / new | new     / a | b           / f -> first; right: f=a
first right                                   / first=right               / new | new     / a | b           / f <- first; left: f=b
first hold                                    / first=hold                / new | new     / a | b           / f held first
first filled, left filled                     / first=filled              / new | new     / a | ∅           / f -> first; right: f=a
first filled, right filled                    / first=filled              / new | new     / ∅ | b           / f <- first; left: f=b
first filled, both filled                     / first=filled              / new | new     / a | b           / f held first
first, but in step                            / first=hold                / new | new     / a | a           / f in step
first, both empty                             / first=hold                / new | new     / ∅ | ∅           / f in step
first right takes labels whole                / first=right               / new | new     / {a} | {b}       / f <- first; left: f=+b-a
first, shown by one side that wins            / first=left                / new | new     / a | -           / f -> first; right: f=a
first, shown by one side that does not win    / first=right               / new | new     / a | -           / f -> waived
new field                                     / first=right               / ? | ?         / a | b           / f <- first; left: f=b
new field in step                             / first=hold                / ? | ?         / a | a           / f in step
new field on one side only                    / first=left                / ? | b         / a | b           / f -> first; right: f=a
one-way source changed                        / ->                        / a | a         / b | a           / f -> changed; right: f=b
one-way drift keep                            / ->                        / a | a         / a | x           / f rests
one-way drift restore                         / -> drift=restore          / a | a         / a | x           / f -> restored; right: f=a
one-way drift restore of an emptied field     / -> drift=restore          / a | a         / a | ∅           / f -> restored; right: f=a
one-way source wins over drift                / -> conflict=right         / a | a         / b | x           / f -> won; right: f=b
one-way drift that equals the source's change / ->                        / a | a         / b | b           / f in step
one-way to the left                           / <-                        / a | a         / a | b           / f <- changed; left: f=b
one-way to the left, drift                    / <-                        / a | a         / x | a           / f rests
one-way first ignores the policy              / -> first=right            / new | new     / a | b           / f -> first; right: f=a
one-way hidden source restores nothing        / -> drift=restore          / a | a         / - | x           / f rests
cut on the way                                / max=3                     / abc | abc     / abcdef | abc    / f -> changed
cut and in step                               / max=3                     / abcdef | abc  / abcdef | abc    /
cut and then edited                           / max=3                     / abcdef | abc  / abcdef | abx    / f held cut
cut and then the source edited                / max=3                     / abcdef | abc  / xyzdef | abc    / f -> changed; right: f=xyz
cut, both edited, the cut side wins           / max=3 conflict=right      / abcdef | abc  / xbcdef | abx    / f held cut
text edited on one side                       /                           / ¶a¶b | ¶a¶b   / ¶a¶c | ¶a¶b     / f -> changed; right: f=¶a¶c
text edited alike                             / conflict=hold             / ¶a¶b | ¶a¶b   / ¶a¶c | ¶a¶c     / f in step
conflict merge of one block asks              / conflict=merge            / ¶a¶b | ¶a¶b   / ¶x¶b | ¶y¶b     / f held conflict
";

/// One line of the table.
pub(super) struct Row {
    pub(super) name: &'static str,
    spec: &'static str,
    base: Sides<&'static str>,
    now: Sides<&'static str>,
    plan: &'static str,
}

pub(super) fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.is_empty());
    let row = |line: &'static str| {
        let columns: Vec<_> = line.split(" /").map(str::trim).collect();
        let [name, spec, base, now, plan] = columns[..] else {
            panic!("five columns: {line}");
        };
        Row {
            name,
            spec,
            base: two(base),
            now: two(now),
            plan,
        }
    };
    lines.map(row).collect()
}

fn two(text: &'static str) -> Sides<&'static str> {
    let (left, right) = text.split_once('|').unwrap();
    Sides {
        left: left.trim(),
        right: right.trim(),
    }
}

/// Plans a row, executes and settles the plan, and expects rest after that.
pub(super) fn check(row: &Row) {
    let rules = TestRules::new("a", "b").field("f", row.spec);
    let known = |value: &'static str| {
        if matches!(value, "?" | "new") {
            "-"
        } else {
            value
        }
    };
    let items = Sides::from_fn(|side| [("f", known(row.base.get(side)))]);
    let mut net = Net::pair(
        rules,
        Some(item(0, &items.left)),
        Some(item(1, &items.right)),
    );
    if row.base.left != "new" {
        net.rebase(0);
    }
    for side in Side::BOTH {
        net.node_mut(side).edit("f", row.now.get(side));
    }
    assert_eq!(summary(&net.plan(0)), row.plan, "{}", row.name);
    net.quiesce();
    let rest = net.plan(0);
    assert!(
        rest.effects.is_empty() && !rest.rebases(),
        "{}: {}",
        row.name,
        summary(&rest)
    );
}
