//! Cases of people and numbers, whose forms differ between trackers.

use super::net::{Net, item};
use super::rules::TestRules;
use super::values::parse;
use super::{Case, in_step, plan_is};
use crate::item::Value;
use crate::names::{FieldName, Side};
use crate::rules::Draft;
use crate::{item::User, names::ReplicaField};

pub(super) const CASES: &[Case] = &[
    ("a person whom only the table names is replaced", replaced),
    ("people whom only the table names stay several", several),
    ("one of several people is taken away", taken_away),
    (
        "a person is told by their e-mail address after the write",
        || resolved("@9:Bo@there", "f -> changed; right: f=@:bo@there"),
    ),
    (
        "a person whose e-mail address is hidden is told after the write",
        || resolved("@9", "f -> changed; right: f=@:bo@there"),
    ),
    ("somebody else is put there during our write", somebody_else),
    ("a number is the same in whichever form", number),
];

/// `ada@here` of the left is `ada@there` of the right, whose ids nobody knows.
fn named(side: Side, draft: &mut Draft) {
    let renamed = |user: &User| {
        let email = user
            .email
            .as_ref()
            .map(|email| email.replace("here", "there"));
        match email {
            Some(email) => User {
                email: Some(email),
                ..User::default()
            },
            None => user.clone(),
        }
    };
    let assigned = draft.fields.values_mut();
    for assigned in assigned.filter(|_| side == Side::Right) {
        assigned.value = match &assigned.value {
            Value::User(user) => Value::User(renamed(user)),
            Value::Users(users) => Value::Users(users.iter().map(renamed).collect()),
            other => other.clone(),
        };
    }
}

fn assigned(left: &str, right: &str) -> Net {
    let mut rules = TestRules::new("a", "b").field("f", "");
    rules.incoming = Some(|side, _, draft| named(side, draft));
    let items = [left, right].map(|value| [("f", value)]);
    let items = [0, 1].map(|node| Some(item(node, &items[node])));
    let [left, right] = items;
    let mut net = Net::pair(rules, left, right);
    net.rebase(0);
    net
}

fn replaced() {
    let mut net = assigned("@1:ada@here", "@8");
    net.node_mut(Side::Left).edit("f", "@2:bo@here");
    plan_is(&net, "f -> changed; right: f=@:bo@there");
}

fn several() {
    let mut net = assigned("{@1:ada@here}", "{@8:ada@there}");
    net.node_mut(Side::Left)
        .edit("f", "{@1:ada@here,@2:bo@here,@3:cy@here}");
    plan_is(
        &net,
        "f -> changed; right: f={@8:ada@there,@:bo@there,@:cy@there}",
    );
}

fn taken_away() {
    let mut net = assigned("{@1:ada@here,@2:bo@here}", "{@8:ada@there,@9:bo@there}");
    net.node_mut(Side::Left).edit("f", "{@1:ada@here}");
    plan_is(&net, "f -> changed; right: f={@8:ada@there}");
}

/// The tracker shows the person with their id: our own write is no change of theirs.
fn resolved(shown: &str, expected: &str) {
    let mut net = assigned("@1:ada@here", "@8");
    net.node_mut(Side::Left).edit("f", "@2:bo@here");
    plan_is(&net, expected);
    let plan = net.plan(0);
    let mut outcomes = net.execute(0, &plan);
    net.node_mut(Side::Right).edit("f", shown);
    outcomes.after.right.clone_from(&net.nodes[1].item);
    net.settle(0, &plan, &outcomes);
    plan_is(&net, "");
    let base = net.twins[0].bases.right.as_ref().unwrap();
    let field: ReplicaField = "f".into();
    assert_eq!(base.fields.get(&field), parse(shown).as_ref());
}

fn somebody_else() {
    let mut net = assigned("@1:ada@here", "@8");
    net.node_mut(Side::Left).edit("f", "@2:bo@here");
    let plan = net.plan(0);
    let mut outcomes = net.execute(0, &plan);
    net.node_mut(Side::Right).edit("f", "@7:cy@there");
    outcomes.after.right.clone_from(&net.nodes[1].item);
    net.settle(0, &plan, &outcomes);
    plan_is(&net, "f <- changed; left: f=@7:cy@there");
}

/// Jira answers `3.0` where `3` was written.
fn number() {
    let floats = |_: &FieldName, value: &Value| match value {
        Value::Number(number) => {
            Value::Number(serde_json::Number::from_f64(number.as_f64().unwrap()).unwrap())
        }
        other => other.clone(),
    };
    let mut net = in_step("", "#1");
    let plan = {
        net.node_mut(Side::Left).edit("f", "#3");
        net.plan(0)
    };
    net.node_mut(Side::Right).normalise = floats;
    let outcomes = net.execute(0, &plan);
    net.settle(0, &plan, &outcomes);
    plan_is(&net, "");
}
