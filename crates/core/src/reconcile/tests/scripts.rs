//! Cases of rules that do more than map.

use super::net::{Net, item};
use super::rules::{TestRules, scripted};
use super::values::parse;
use super::{Case, in_step, plan_is};
use crate::names::{Side, Sides};

pub(super) const CASES: &[Case] = &[
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
];

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
