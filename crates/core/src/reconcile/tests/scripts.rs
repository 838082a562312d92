//! Cases of rules that do more than map.

use super::net::{Net, item};
use super::rules::{TestRules, scripted};
use super::values::{parse, show};
use super::{Case, in_step, plan_is};
use crate::contract::Contract;
use crate::item::Item;
use crate::names::{Side, Sides};
use crate::reconcile::reconcile;
use crate::rules::{Draft, Incoming, Link, Outgoing, RuleError, Rules};
use std::cell::RefCell;

pub(super) const CASES: &[Case] = &[
    ("release overrides a script's hold", release_over_script),
    (
        "release overrides an outgoing script's hold",
        release_withheld,
    ),
    (
        "an outgoing rule is told of the twin when there is one",
        told_of_the_twin,
    ),
    (
        "a first sync that shows something else is looked at again",
        first_sync_shows_else,
    ),
    ("what max takes is told once", cut_told_once),
    (
        "what a rule skips is told once for each change",
        skipped_told,
    ),
    ("a script that assigns everything", assigns_everything),
    (
        "a script that fills a field without a map entry",
        script_field,
    ),
    ("a script's hold", script_hold),
    ("a value without a row is held", no_row),
    ("n:1 values", many_to_one),
    ("n:1 values on the other side", many_to_one_back),
    ("a value that the rule waives", waived_by_rule),
    (
        "a value that wins and is waived is not overwritten by the loser",
        waived_winner,
    ),
    (
        "a drift that cannot be restored is told once",
        waived_restore,
    ),
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
    (
        "hidden change that was in step when it was looked at",
        || {
            hidden_and_seen("conflict=right");
            hidden_and_seen("conflict=hold");
            hidden_and_seen("conflict=latest tie=right");
        },
    ),
    ("hidden overwrite, hold", || {
        hidden("conflict=hold", "f held conflict", None)
    }),
];

fn release_over_script() {
    let mut net = script_hold_net();
    net.twins[0].release.insert("f".into(), Side::Left);
    plan_is(&net, "f -> released; right: f=active");
    net.quiesce();
    plan_is(&net, "");
}

/// The left script holds the field whenever it is "secret"; a person lets that value cross once.
fn release_withheld() {
    let mut rules = TestRules::new("a", "b").field("f", "");
    rules.outgoing = Some(|side, item, outgoing| {
        if side == Side::Left && item.get("f") == parse("secret").as_ref() {
            let value = outgoing.view.fields.remove("f");
            outgoing.withheld.extend(value.map(|it| ("f".into(), it)));
            outgoing.held.insert("f".into(), "ask first".to_owned());
        }
    });
    let fields = [("f", "a")];
    let mut net = Net::pair(rules, Some(item(0, &fields)), Some(item(1, &fields)));
    net.rebase(0);
    net.node_mut(Side::Left).edit("f", "secret");
    plan_is(&net, "f held rule");
    net.quiesce();
    net.twins[0].release.insert("f".into(), Side::Left);
    plan_is(&net, "f -> released; right: f=secret");
    net.quiesce();
    plan_is(&net, "f held rule");
    net.node_mut(Side::Left).edit("f", "b");
    plan_is(&net, "f -> changed; right: f=b");
}

/// What the outgoing rules of a plan are told: the side, whether there is a twin, whether it is a first sync.
fn told(net: &Net) -> Vec<(Side, bool, bool)> {
    let told = Told {
        rules: &net.twins[0].rules,
        calls: RefCell::default(),
    };
    reconcile(&net.facts(0), &told).unwrap();
    told.calls.into_inner()
}

struct Told<'a> {
    rules: &'a TestRules,
    calls: RefCell<Vec<(Side, bool, bool)>>,
}

impl Rules for Told<'_> {
    fn contract(&self) -> &Contract {
        self.rules.contract()
    }

    fn admits(&self, side: Side, item: &Item) -> Result<bool, RuleError> {
        self.rules.admits(side, item)
    }

    fn outgoing(
        &self,
        side: Side,
        item: &Item,
        link: Option<&Link>,
    ) -> Result<Outgoing, RuleError> {
        let first = link.is_none_or(|link| link.first_sync);
        self.calls.borrow_mut().push((side, link.is_some(), first));
        self.rules.outgoing(side, item, link)
    }

    fn incoming(&self, side: Side, input: &Incoming<'_>) -> Result<Draft, RuleError> {
        self.rules.incoming(side, input)
    }
}

fn told_of_the_twin() {
    let fields = [("f", "a")];
    let rules = || TestRules::new("a", "b").field("f", "first=left");
    let mut net = Net::pair(rules(), Some(item(0, &fields)), None);
    assert_eq!(told(&net)[0], (Side::Left, false, true));
    net.quiesce();
    let synced = [(Side::Left, true, false), (Side::Right, true, false)];
    assert_eq!(told(&net), synced);
    let net = Net::pair(rules(), Some(item(0, &fields)), Some(item(1, &fields)));
    let linked = [(Side::Left, true, true), (Side::Right, true, true)];
    assert_eq!(told(&net), linked);
}

fn first_sync_shows_else() {
    let fields = [("f", "a")];
    let mut rules = TestRules::new("a", "b").field("f", "first=left");
    rules.outgoing_first = Some("on the first");
    let mut net = Net::pair(rules, Some(item(0, &fields)), Some(item(1, &fields)));
    net.quiesce();
    plan_is(&net, "");
    let now = net.nodes[1].item.as_ref().unwrap().get("f");
    assert_eq!(now, parse("a").as_ref());
}

/// Plans and settles once; what was told of losses: the cuts on the right, and what the left skips.
fn losses(net: &mut Net) -> (Vec<(String, usize)>, Vec<String>) {
    let plan = net.plan(0);
    let outcomes = net.execute(0, &plan);
    let settled = net.settle(0, &plan, &outcomes);
    let cut = settled.cut.right.into_iter();
    let cut = cut.map(|(field, lost)| (field.to_string(), lost)).collect();
    (cut, settled.skipped.left.into_values().collect())
}

fn cut_told_once() {
    let rules = TestRules::new("a", "b").field("f", "max=3").field("g", "");
    let fields = [("f", "abc"), ("g", "x")];
    let mut net = Net::pair(rules, Some(item(0, &fields)), Some(item(1, &fields)));
    net.rebase(0);
    net.node_mut(Side::Left).edit("f", "abcdef");
    assert_eq!(losses(&mut net).0, [("f".to_owned(), 3)]);
    net.node_mut(Side::Left).edit("g", "y");
    assert!(losses(&mut net).0.is_empty());
    net.node_mut(Side::Left).edit("f", "abcdefg");
    assert_eq!(losses(&mut net).0, [("f".to_owned(), 4)]);
}

fn skipped_told() {
    let mut rules = TestRules::new("a", "b").field("f", "").field("g", "");
    rules.outgoing = Some(|side, item, outgoing| {
        let odd = item.get("f").map(show).filter(|it| it.starts_with("odd"));
        if let Some(value) = odd.filter(|_| side == Side::Left) {
            outgoing.view.fields.remove("f");
            outgoing
                .waived
                .insert("f".into(), format!("no row for {value}"));
        }
    });
    let fields = [("f", "a"), ("g", "x")];
    let mut net = Net::pair(rules, Some(item(0, &fields)), Some(item(1, &fields)));
    net.rebase(0);
    net.node_mut(Side::Left).edit("f", "odd 1");
    assert_eq!(losses(&mut net).1, ["no row for odd 1"]);
    plan_is(&net, "");
    assert!(net.plan(0).is_empty(), "it is remembered");
    net.node_mut(Side::Left).edit("g", "y");
    assert_eq!(losses(&mut net).1, Vec::<String>::new());
    net.node_mut(Side::Left).edit("f", "odd 2");
    assert_eq!(losses(&mut net).1, ["no row for odd 2"]);
    net.node_mut(Side::Left).edit("f", "b");
    assert_eq!(losses(&mut net).1, Vec::<String>::new());
    net.node_mut(Side::Left).edit("f", "odd 2");
    assert_eq!(losses(&mut net).1, ["no row for odd 2"]);
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
    plan_is(&net, "f in step");
    net.quiesce();
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

fn waived_restore() {
    let mut net = in_step("-> drift=restore", "a");
    net.twins[0].rules.incoming = Some(|_, _, draft| {
        draft.fields.remove("f");
        draft.waived.insert("f".into(), "unknown person".to_owned());
    });
    net.node_mut(Side::Right).edit("f", "x");
    plan_is(&net, "f -> waived");
    assert_eq!(net.plan(0).conflicts.len(), 1);
    net.quiesce();
    plan_is(&net, "");
    assert!(net.plan(0).conflicts.is_empty());
    // What comes after it is restored where it can be, and what the source says crosses.
    net.twins[0].rules.incoming = None;
    net.node_mut(Side::Right).edit("f", "y");
    plan_is(&net, "f -> restored; right: f=a");
    net.node_mut(Side::Right).edit("f", "x");
    net.node_mut(Side::Left).edit("f", "b");
    plan_is(&net, "f -> changed; right: f=b");
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

fn waived_winner() {
    let mut net = in_step("conflict=left", "a");
    net.twins[0].rules.incoming = Some(|_, input, draft| {
        if input.replica.fields.get("f") == parse("stranger").as_ref() {
            draft.fields.remove("f");
            draft.waived.insert("f".into(), "unknown person".to_owned());
        }
    });
    net.node_mut(Side::Left).edit("f", "stranger");
    net.node_mut(Side::Right).edit("f", "b");
    plan_is(&net, "f -> waived");
    net.quiesce();
    plan_is(&net, "");
    let shown = |net: &Net, node: usize| net.nodes[node].item.as_ref().unwrap().get("f").cloned();
    assert_eq!(
        (shown(&net, 0), shown(&net, 1)),
        (parse("stranger"), parse("b"))
    );
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
    let mut net = hidden_pair(spec);
    net.node_mut(Side::Right).edit("f", "hidden");
    net.node_mut(Side::Left).edit("f", "c");
    plan_is(&net, expected);
    let plan = net.plan(0);
    assert_eq!(plan.conflicts[0].winner, winner);
    assert_eq!(plan.conflicts[0].values.right, parse("hidden"));
    net.quiesce();
}

/// The right side's `b` and `hidden` both show as `high`.
fn hidden_pair(spec: &str) -> Net {
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
    net
}

/// As [`hidden`], but the twins were looked at in between: they were in step, so the left side's change is the only one.
fn hidden_and_seen(spec: &str) {
    let mut net = hidden_pair(spec);
    net.node_mut(Side::Right).edit("f", "hidden");
    plan_is(&net, "f in step");
    net.quiesce();
    plan_is(&net, "");
    net.node_mut(Side::Left).edit("f", "c");
    plan_is(&net, "f -> changed; right: f=c");
    assert!(net.plan(0).conflicts.is_empty());
    net.quiesce();
}
