//! Cases of one field, and of rules that do more than map.

use super::net::{Net, US, item};
use super::rules::{TestRules, scripted};
use super::values::{parse, show};
use super::{Case, in_step, plan_is, show::summary};
use crate::effect::{Applied, FieldChange};
use crate::names::{Side, Sides};
use crate::reconcile::{Decision, Hold, Outcome, Outcomes, OwnAttempt, Plan};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Name / the field's contract / both bases / both items now / the plan. `?` is an unset base; `new | new` no base at all.
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

pub(super) const CASES: &[Case] = &[
    ("conflict merge", merges_blocks),
    ("conflict latest, left later", || {
        latest(20, 10, "f -> won; right: f=b")
    }),
    ("conflict latest, right later", || {
        latest(10, 20, "f <- won; left: f=c")
    }),
    ("conflict latest, tie", || {
        latest(10, 12, "f -> won; right: f=b")
    }),
    ("conflict latest, skew corrected", skew),
    (
        "conflict latest, our own attempt is not a person",
        own_attempt,
    ),
    ("hold, then release left", || {
        release(Side::Left, "f -> released; right: f=b")
    }),
    ("hold, then release right", || {
        release(Side::Right, "f <- released; left: f=c")
    }),
    ("a held field is in step again", held_in_step),
    (
        "a held field stays held when one side is reverted",
        held_stays,
    ),
    ("release of a field that nobody changed", release_unchanged),
    ("release overrides a script's hold", release_over_script),
    ("a script that assigns everything", assigns_everything),
    (
        "a script that fills a field without a map entry",
        script_field,
    ),
    ("a script's hold", script_hold),
    ("a value without a row is held", no_row),
    ("n:1 values", many_to_one),
    ("n:1 values on the other side", many_to_one_back),
    ("crash between write and base with a lossy map", crash_lossy),
    ("crash, and the source is edited again", crash_edit),
    ("a person's edit during our write", edit_during_write),
    (
        "a person's edit of another label during our write",
        label_during_write,
    ),
    ("a person reverts our write at once", revert_during_write),
    (
        "an adjacent version vouches for the tracker's form",
        adjacent,
    ),
    ("a normalisation that is known is no change", normalised),
    ("a write that failed is planned again", failed_write),
    (
        "a write with unknown outcome is planned again",
        unknown_write,
    ),
    ("a status that cannot be reached is waived", waived_status),
    ("a value that the rule waives", waived_by_rule),
    ("rule version change", rule_version),
    (
        "rule version change keeps a change in flight",
        rule_version_edit,
    ),
    ("hidden overwrite (R5)", || {
        hidden(
            "conflict=left",
            "f -> changed; right: f=c",
            Some(Side::Left),
        )
    }),
    ("hidden overwrite, the target wins", || {
        hidden("conflict=right", "f <- won; left: f=b", Some(Side::Right))
    }),
    ("hidden overwrite, hold", || {
        hidden("conflict=hold", "f held conflict", None)
    }),
    ("our own echo is dropped", echo),
    ("ping-pong by repetition", repetition),
    ("ping-pong by hops", hops),
    ("a conflict records both values", records),
    ("a plan is valid only for its facts", valid_for),
];

fn merges_blocks() {
    let mut net = in_step("conflict=merge", "¶one¶two¶three");
    net.node_mut(Side::Left).edit("f", "¶ONE¶two¶three");
    net.node_mut(Side::Right).edit("f", "¶one¶two¶THREE");
    plan_is(
        &net,
        "f merges; left: f=¶ONE¶two¶THREE; right: f=¶ONE¶two¶THREE",
    );
    net.quiesce();
    plan_is(&net, "");
}

fn both_edited(spec: &str) -> Net {
    let mut net = in_step(spec, "a");
    net.node_mut(Side::Left).edit("f", "b");
    net.node_mut(Side::Right).edit("f", "c");
    net
}

fn changed(at_s: i64, by: &str) -> FieldChange {
    FieldChange {
        field: "f".into(),
        at: Timestamp::from_millis(at_s * 1000),
        by: by.to_owned(),
    }
}

fn latest(left_s: i64, right_s: i64, expected: &str) {
    let mut net = both_edited("conflict=latest");
    net.node_mut(Side::Left).history = vec![changed(1, "ada"), changed(left_s, "ada")];
    net.node_mut(Side::Right).history = vec![changed(right_s, "ben")];
    plan_is(&net, expected);
}

fn skew() {
    let mut net = both_edited("conflict=latest");
    net.node_mut(Side::Left).history = vec![changed(100, "ada")];
    net.node_mut(Side::Left).skew_ms = 95_000;
    net.node_mut(Side::Right).history = vec![changed(50, "ben")];
    plan_is(&net, "f <- won; left: f=c");
}

fn own_attempt() {
    let mut net = both_edited("conflict=latest");
    let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
    net.node_mut(Side::Left).history = vec![changed(10, "ada"), changed(100, US)];
    net.node_mut(Side::Left).own_attempts = vec![OwnAttempt {
        from: at(99),
        to: at(101),
        fields: BTreeSet::from(["f".into()]),
    }];
    net.node_mut(Side::Right).history = vec![changed(50, "ben")];
    plan_is(&net, "f <- won; left: f=c");
    net.node_mut(Side::Left).own_attempts.clear();
    plan_is(&net, "f -> won; right: f=b");
}

fn release(take: Side, expected: &str) {
    let mut net = both_edited("conflict=hold");
    net.quiesce();
    plan_is(&net, "f held conflict");
    net.twins[0].release.insert("f".into(), take);
    plan_is(&net, expected);
    net.quiesce();
    plan_is(&net, "");
}

fn held_in_step() {
    let mut net = both_edited("conflict=hold");
    net.twins[0].held.insert("f".into(), Hold::Conflict);
    net.node_mut(Side::Right).edit("f", "b");
    plan_is(&net, "f in step");
    net.quiesce();
    assert!(net.twins[0].held.is_empty());
}

fn held_stays() {
    let mut net = both_edited("conflict=hold");
    net.twins[0].held.insert("f".into(), Hold::Conflict);
    net.node_mut(Side::Right).edit("f", "a");
    plan_is(&net, "f held conflict");
}

fn release_unchanged() {
    let mut net = in_step("", "a");
    net.node_mut(Side::Right).edit("f", "x");
    net.rebase(0);
    net.twins[0].release.insert("f".into(), Side::Left);
    plan_is(&net, "f -> released; right: f=a");
    net.quiesce();
    plan_is(&net, "");
}

fn release_over_script() {
    let mut net = script_hold_net();
    net.twins[0].release.insert("f".into(), Side::Left);
    plan_is(&net, "f -> released; right: f=active");
    net.quiesce();
    plan_is(&net, "");
}

/// The right script sets `category` from `outage`, and touches everything else too.
fn assigns_everything() {
    let mut rules = TestRules::new("a", "b").field("f", "");
    rules.incoming = Some(|side, _, draft| {
        if side == Side::Right {
            draft.fields.insert("category".into(), scripted("software"));
            draft.fields.insert("team".into(), scripted("core"));
        }
    });
    let left = item(0, &[("f", "a")]);
    let right = item(1, &[("f", "a"), ("category", "hardware"), ("team", "core")]);
    let mut net = Net::pair(rules, Some(left), Some(right));
    net.rebase(0);
    net.node_mut(Side::Left).edit("f", "b");
    plan_is(&net, "f -> changed; right: f=b");
    net.quiesce();
    assert_eq!(
        net.nodes[1].item.as_ref().unwrap().get("category"),
        parse("hardware").as_ref()
    );
}

fn script_field() {
    let mut rules = TestRules::new("a", "b")
        .field("outage", "-> scripted")
        .field("f", "");
    rules.outgoing = Some(|side, item, outgoing| {
        if side == Side::Left
            && let Some(kind) = item.get("kind")
        {
            outgoing.view.fields.insert("outage".into(), kind.clone());
        }
    });
    rules.incoming = Some(|side, input, draft| {
        let outage = input.replica.fields.get("outage");
        if side == Side::Right {
            let category = if outage == parse("yes").as_ref() {
                "outage"
            } else {
                "software"
            };
            draft.fields.insert("category".into(), scripted(category));
        }
    });
    let left = item(0, &[("f", "a"), ("kind", "no")]);
    let right = item(1, &[("f", "a"), ("category", "software")]);
    let mut net = Net::pair(rules, Some(left), Some(right));
    net.rebase(0);
    net.node_mut(Side::Left).edit("kind", "yes");
    plan_is(&net, "outage -> changed; right: category=outage");
    net.quiesce();
    plan_is(&net, "");
}

fn script_hold_net() -> Net {
    let mut rules = TestRules::new("a", "b").field("f", "").field("g", "");
    rules.incoming = Some(|_, input, draft| {
        let reopens = input.replica.fields.get("f") == parse("active").as_ref();
        if reopens && input.target.get("f") == parse("done").as_ref() {
            draft
                .held
                .insert("f".into(), "reopening needs a person".to_owned());
        }
    });
    let fields = [("f", "done"), ("g", "a")];
    let mut net = Net::pair(rules, Some(item(0, &fields)), Some(item(1, &fields)));
    net.rebase(0);
    net.node_mut(Side::Left).edit("f", "active");
    net
}

fn script_hold() {
    let mut net = script_hold_net();
    net.node_mut(Side::Left).edit("g", "b");
    plan_is(&net, "f held rule; g -> changed; right: g=b");
    net.quiesce();
    plan_is(&net, "f held rule");
}

const LEVELS: [super::rules::TableRow; 2] = [
    (
        "high",
        Sides {
            left: &["High"],
            right: &["1", "2"],
        },
    ),
    (
        "low",
        Sides {
            left: &["Low", "Lowest"],
            right: &["3"],
        },
    ),
];

fn levels(left: &str, right: &str) -> Net {
    let rules = TestRules::new("a", "b").field("f", "").table("f", &LEVELS);
    let mut net = Net::pair(
        rules,
        Some(item(0, &[("f", left)])),
        Some(item(1, &[("f", right)])),
    );
    net.rebase(0);
    net
}

fn no_row() {
    let mut net = levels("High", "1");
    net.node_mut(Side::Left).edit("f", "Strange");
    plan_is(&net, "f held rule");
    net.node_mut(Side::Left).edit("f", "Low");
    plan_is(&net, "f -> changed; right: f=3");
}

fn many_to_one() {
    let mut net = levels("Low", "3");
    net.node_mut(Side::Left).edit("f", "Lowest");
    plan_is(&net, "");
    net.node_mut(Side::Left).edit("f", "High");
    plan_is(&net, "f -> changed; right: f=1");
}

fn many_to_one_back() {
    let mut net = levels("Low", "3");
    net.node_mut(Side::Left).edit("f", "High");
    net.node_mut(Side::Right).edit("f", "2");
    plan_is(&net, "f in step");
    net.quiesce();
    assert_eq!(
        net.nodes[1].item.as_ref().unwrap().get("f"),
        parse("2").as_ref()
    );
}

/// The right side knows `1` and `3` only: `middle` becomes `1` there, which it shows as `high`.
fn crash_lossy() {
    let mut rules = TestRules::new("a", "b").field("f", "conflict=hold");
    rules = rules.table(
        "f",
        &[
            (
                "high",
                Sides {
                    left: &["High"],
                    right: &["1"],
                },
            ),
            (
                "middle",
                Sides {
                    left: &["Middle"],
                    right: &["1"],
                },
            ),
            (
                "low",
                Sides {
                    left: &["Low"],
                    right: &["3"],
                },
            ),
        ],
    );
    let mut net = Net::pair(
        rules,
        Some(item(0, &[("f", "Low")])),
        Some(item(1, &[("f", "3")])),
    );
    net.rebase(0);
    net.node_mut(Side::Left).edit("f", "Middle");
    let plan = net.plan(0);
    assert_eq!(summary(&plan), "f -> changed; right: f=1");
    net.execute(0, &plan);
    plan_is(&net, "f in step");
    net.quiesce();
    assert_eq!(
        net.nodes[0].item.as_ref().unwrap().get("f"),
        parse("Middle").as_ref()
    );
}

fn crash_edit() {
    let mut net = in_step("conflict=hold", "a");
    net.node_mut(Side::Left).edit("f", "b");
    let plan = net.plan(0);
    net.execute(0, &plan);
    net.node_mut(Side::Right)
        .unsettled
        .extend(plan.effects[0].unsettled());
    net.node_mut(Side::Left).edit("f", "c");
    plan_is(&net, "f -> changed; right: f=c");
    net.node_mut(Side::Left).edit("f", "a");
    plan_is(&net, "f -> changed; right: f=a");
    net.quiesce();
    plan_is(&net, "");
}

/// Executes the first plan, lets a person edit the right side before it is fetched, and settles.
fn meanwhile(net: &mut Net, edit: impl FnOnce(&mut Net)) -> Plan {
    let plan = net.plan(0);
    let mut outcomes = net.execute(0, &plan);
    edit(net);
    outcomes.after.right.clone_from(&net.nodes[1].item);
    net.settle(0, &plan, &outcomes);
    net.plan(0)
}

fn edit_during_write() {
    let mut net = in_step("conflict=left", "a");
    net.node_mut(Side::Left).edit("f", "b");
    let next = meanwhile(&mut net, |net| {
        net.node_mut(Side::Right).edit("f", "person")
    });
    assert_eq!(summary(&next), "f <- changed; left: f=person");
    net.quiesce();
    plan_is(&net, "");
}

fn label_during_write() {
    let mut net = in_step("conflict=left", "{a}");
    net.node_mut(Side::Left).edit("f", "{a,b}");
    let next = meanwhile(&mut net, |net| {
        net.node_mut(Side::Right).edit("f", "{a,b,c}")
    });
    assert_eq!(summary(&next), "f <- changed; left: f=+c");
}

fn revert_during_write() {
    let mut net = in_step("conflict=left", "a");
    net.node_mut(Side::Left).edit("f", "b");
    let next = meanwhile(&mut net, |net| net.node_mut(Side::Right).edit("f", "a"));
    assert_eq!(summary(&next), "f -> changed; right: f=b");
}

fn upper(_: &crate::names::FieldName, value: &crate::item::Value) -> crate::item::Value {
    parse(&show(value).to_uppercase()).unwrap()
}

fn adjacent() {
    let mut net = in_step("", "A");
    net.node_mut(Side::Left).edit("f", "b");
    net.node_mut(Side::Right).adjacent = true;
    let plan = net.plan(0);
    net.node_mut(Side::Right).normalise = upper;
    let outcomes = net.execute(0, &plan);
    net.settle(0, &plan, &outcomes);
    plan_is(&net, "");
}

fn normalised() {
    let mut net = in_step("", "A");
    net.node_mut(Side::Right).normalise = upper;
    net.node_mut(Side::Left).edit("f", "b");
    plan_is(&net, "f -> changed; right: f=b");
    net.quiesce();
    plan_is(&net, "");
    net.node_mut(Side::Left).edit("f", "B");
    plan_is(&net, "f -> changed");
}

fn ended(outcome: Outcome) {
    let mut net = in_step("", "a");
    net.node_mut(Side::Left).edit("f", "b");
    let plan = net.plan(0);
    let outcomes = Outcomes {
        effects: vec![outcome],
        ..Outcomes::default()
    };
    net.settle(0, &plan, &outcomes);
    plan_is(&net, "f -> changed; right: f=b");
}

fn failed_write() {
    ended(Outcome::NotDone);
}

fn unknown_write() {
    ended(Outcome::Unknown);
}

fn waived_status() {
    let mut net = in_step("", "a");
    net.node_mut(Side::Left).edit("f", "b");
    let plan = net.plan(0);
    let waived = BTreeMap::from([("f".into(), "no transition leads there".to_owned())]);
    let applied = Applied {
        waived,
        ..Applied::default()
    };
    let mut outcomes = Outcomes {
        effects: vec![Outcome::Done(Box::new(applied))],
        ..Outcomes::default()
    };
    outcomes.after.right.clone_from(&net.nodes[1].item);
    let settled = net.settle(0, &plan, &outcomes);
    assert_eq!(settled.waived["f"], "no transition leads there");
    plan_is(&net, "");
    net.node_mut(Side::Left).edit("f", "c");
    plan_is(&net, "f -> changed; right: f=c");
}

fn waived_by_rule() {
    let mut net = in_step("", "a");
    net.twins[0].rules.incoming = Some(|_, input, draft| {
        if input.replica.fields.get("f") == parse("stranger").as_ref() {
            draft.fields.remove("f");
            draft.waived.insert("f".into(), "unknown person".to_owned());
        }
    });
    net.node_mut(Side::Left).edit("f", "stranger");
    plan_is(&net, "f -> waived");
    net.quiesce();
    plan_is(&net, "");
    net.node_mut(Side::Left).edit("f", "known");
    plan_is(&net, "f -> changed; right: f=known");
}

const RENAMED: [super::rules::TableRow; 2] = [
    (
        "urgent",
        Sides {
            left: &["High"],
            right: &["1", "2"],
        },
    ),
    (
        "low",
        Sides {
            left: &["Low", "Lowest"],
            right: &["3"],
        },
    ),
];

fn rule_version() {
    let mut net = levels("High", "1");
    net.twins[0].rules = TestRules::new("a", "b").field("f", "").table("f", &RENAMED);
    net.twins[0].rules.contract.version = 2;
    plan_is(&net, "");
    assert!(net.plan(0).rebases());
    net.quiesce();
    let base = net.twins[0].bases.left.as_ref().unwrap();
    assert_eq!(
        (base.rule_version, &base.fields["f"]),
        (2, &parse("urgent").unwrap())
    );
}

fn rule_version_edit() {
    let mut net = levels("High", "1");
    net.node_mut(Side::Right).edit("f", "3");
    net.twins[0].rules = TestRules::new("a", "b").field("f", "").table("f", &RENAMED);
    net.twins[0].rules.contract.version = 2;
    plan_is(&net, "f <- changed; left: f=Low");
}

/// The right side's person changes `2` to `1`, which both show as `high`; then the left side changes to low.
fn hidden(spec: &str, expected: &str, winner: Option<Side>) {
    let rules = TestRules::new("a", "b").field("f", spec);
    let rules = rules.table(
        "f",
        &[
            (
                "high",
                Sides {
                    left: &["b"],
                    right: &["b", "hidden"],
                },
            ),
            (
                "low",
                Sides {
                    left: &["c"],
                    right: &["c"],
                },
            ),
        ],
    );
    let mut net = Net::pair(
        rules,
        Some(item(0, &[("f", "b")])),
        Some(item(1, &[("f", "b")])),
    );
    net.rebase(0);
    net.node_mut(Side::Right).edit("f", "hidden");
    plan_is(&net, "");
    net.node_mut(Side::Left).edit("f", "c");
    plan_is(&net, expected);
    let plan = net.plan(0);
    assert_eq!(plan.conflicts[0].winner, winner);
    assert_eq!(plan.conflicts[0].values.right, parse("hidden"));
    net.quiesce();
}

fn echo() {
    let mut net = in_step("", "a");
    net.node_mut(Side::Left).edit("f", "b");
    net.quiesce();
    assert_eq!(net.writes, 1);
    plan_is(&net, "");
    // The webhook of our own write makes the item dirty: nothing follows.
    net.quiesce();
    assert_eq!(net.writes, 1);
}

fn repetition() {
    let mut net = in_step("-> drift=restore", "a");
    for _ in 0..4 {
        net.node_mut(Side::Right).edit("f", "automation");
        net.now_s += 30;
        assert!(net.step(0));
    }
    net.node_mut(Side::Right).edit("f", "automation");
    plan_is(&net, "f held ping-pong");
}

fn hops() {
    let mut net = in_step("", "0");
    net.node_mut(Side::Left).edit("f", "1");
    for value in 2..6 {
        net.now_s += 1;
        if summary(&net.plan(0)) == "f held ping-pong" {
            assert_eq!(
                value, 5,
                "frozen after more hops than the cluster has items"
            );
            return;
        }
        net.step(0);
        let answering = if value % 2 == 0 {
            Side::Right
        } else {
            Side::Left
        };
        net.node_mut(answering).edit("f", &value.to_string());
    }
    plan_is(&net, "f held ping-pong");
}

fn records() {
    let net = both_edited("conflict=left");
    let record = &net.plan(0).conflicts[0];
    assert_eq!(
        (&record.values.left, &record.values.right),
        (&parse("b"), &parse("c"))
    );
    assert_eq!(record.winner, Some(Side::Left));
    let net = both_edited("conflict=hold");
    assert_eq!(net.plan(0).conflicts[0].winner, None);
    assert_eq!(net.plan(0).fields["f"], Decision::Held(Hold::Conflict));
}

fn valid_for() {
    let mut net = both_edited("conflict=left");
    let before = net.plan(0).valid_for;
    assert_eq!(net.plan(0).valid_for, before);
    net.node_mut(Side::Right).edit("f", "d");
    assert_ne!(net.plan(0).valid_for, before);
}
