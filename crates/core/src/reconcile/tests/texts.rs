//! Cases of long texts between trackers of different notations, and of texts that are odd or too long.

use super::net::{Net, item};
use super::rules::TestRules;
use super::show::summary;
use super::{Case, plan_is};
use crate::effect::{Effect, FieldWrite};
use crate::item::Value;
use crate::names::{FieldName, Side};
use crate::reconcile::{Hold, Plan};
use crate::richtext::{Block, Dialect, Document, Inline, LossKind, Marks};

pub(super) const CASES: &[Case] = &[
    (
        "an edit on the poor side keeps what it cannot show",
        poor_edit,
    ),
    ("an edit of a lossy block, hold", lossy_hold),
    ("an edit of a lossy block, applied with its losses", lossy),
    ("a lossy hold ends when the edit is undone", lossy_undone),
    (
        "a rich field of a tracker whose other texts are plain",
        rich_among_plain,
    ),
    ("what the target cannot show is told", unshown),
    (
        "a colour alone does not cross to who cannot show it",
        colour,
    ),
    ("a side that wins keeps what only the loser shows", winner),
    ("both edited, blocks apart, two notations", merged),
    ("description over the target's limit", too_long),
    (
        "description over the target's limit at the creation",
        too_long_create,
    ),
    (
        "a release does not override the target's limit",
        too_long_release,
    ),
    ("emoji and right-to-left text", || {
        crosses_as_it_is("👩‍👩‍👧‍👦 שלום עולם ‏مرحبا\u{200f} é e\u{301}")
    }),
    ("control characters that the target drops", controls),
];

fn red(text: &str) -> Inline {
    let colour = Some("#ff0000".to_owned());
    let marks = Marks {
        colour,
        ..Marks::default()
    };
    Inline::marked(text, marks)
}

/// `a red`, where `red` is red, and `last`.
fn coloured() -> Document {
    let first = Block::Paragraph(vec![Inline::text("a "), red("red")]);
    Document {
        blocks: vec![first, Block::paragraph("last")],
    }
}

fn markdown(_: &FieldName, value: &Value) -> Value {
    match value {
        Value::Rich(document) => Value::Rich(Dialect::Markdown.project(document).0),
        other => other.clone(),
    }
}

/// The left tracker shows colours, the right one has Markdown; both are in step.
fn two_notations(spec: &str) -> Net {
    let rules = TestRules::new("a", "b").field("f", spec);
    let mut net = Net::pair(rules, Some(item(0, &[])), Some(item(1, &[])));
    net.node_mut(Side::Right).capabilities.dialect = Dialect::Markdown;
    net.node_mut(Side::Right).normalise = markdown;
    put(&mut net, Side::Left, coloured());
    put(
        &mut net,
        Side::Right,
        Dialect::Markdown.project(&coloured()).0,
    );
    net.rebase(0);
    plan_is(&net, "");
    net
}

fn put(net: &mut Net, side: Side, text: Document) {
    let item = net.node_mut(side).item.as_mut().unwrap();
    item.fields.insert("f".into(), Value::Rich(text));
}

fn left_text(net: &Net) -> Document {
    let value = net.nodes[0].item.as_ref().unwrap().get("f");
    let Some(Value::Rich(text)) = value else {
        panic!("{value:?}");
    };
    text.clone()
}

fn written(plan: &Plan) -> Document {
    let Effect::Update { fields, .. } = &plan.effects[0].effect else {
        panic!("{:?}", plan.effects);
    };
    let FieldWrite::Replace(Value::Rich(text)) = &fields["f"] else {
        panic!("{fields:?}");
    };
    text.clone()
}

fn poor_edit() {
    let mut net = two_notations("conflict=hold");
    net.node_mut(Side::Right).edit("f", "¶a red¶first");
    plan_is(&net, "f <- changed; left: f=¶a red¶first");
    let plan = net.plan(0);
    assert!(plan.effects[0].fields["f"].lost.is_empty());
    assert_eq!(written(&plan).blocks[0], coloured().blocks[0]);
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(left_text(&net).blocks[0], coloured().blocks[0]);
}

fn edit_the_coloured(spec: &str) -> Net {
    let mut net = two_notations(spec);
    net.node_mut(Side::Right).edit("f", "¶a green¶last");
    net
}

fn lossy_hold() {
    let mut net = edit_the_coloured("conflict=hold");
    plan_is(&net, "f held lossy");
    let held = net.plan(0).held();
    let what = [LossKind::Colour].into();
    assert_eq!(held["f"], Hold::Lossy { what });
    net.quiesce();
    plan_is(&net, "f held lossy");
    net.twins[0].release.insert("f".into(), Side::Right);
    plan_is(&net, "f <- released; left: f=¶a green¶last");
    net.quiesce();
    plan_is(&net, "");
}

/// Of such a tracker an edit of a rich field's form is nothing lost, and what is written there is all shown.
fn rich_among_plain() {
    let mut net = two_notations("conflict=hold");
    let right = net.node_mut(Side::Right);
    right.capabilities.dialect = Dialect::Plain;
    right.dialects.insert("f".into(), Dialect::Adf);
    right.normalise = super::net::same_value;
    put(&mut net, Side::Right, coloured());
    net.rebase(0);
    plan_is(&net, "");
    let bold = |word: &str| {
        let marks = Marks {
            bold: true,
            ..Marks::default()
        };
        let first = Block::Paragraph(vec![Inline::text("a "), Inline::marked(word, marks)]);
        Document {
            blocks: vec![first, Block::paragraph("last")],
        }
    };
    put(&mut net, Side::Right, bold("one"));
    let plan = net.plan(0);
    assert!(plan.held().is_empty(), "{:?}", plan.held());
    assert_eq!(written(&plan), bold("one"));
    net.quiesce();
    put(&mut net, Side::Left, bold("two"));
    let plan = net.plan(0);
    assert!(plan.effects[0].fields["f"].unshown.is_empty());
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(left_text(&net), bold("two"));
}

fn lossy() {
    let mut net = edit_the_coloured("conflict=left");
    plan_is(&net, "f <- changed; left: f=¶a green¶last");
    let lost = &net.plan(0).effects[0].fields["f"].lost;
    assert_eq!(*lost, [LossKind::Colour].into());
    net.quiesce();
    plan_is(&net, "");
}

fn lossy_undone() {
    let mut net = edit_the_coloured("conflict=hold");
    net.quiesce();
    net.node_mut(Side::Right).edit("f", "¶a red¶last");
    plan_is(&net, "");
}

fn unshown() {
    let mut net = two_notations("");
    let mut text = coloured();
    text.blocks[1] = Block::Paragraph(vec![red("next")]);
    put(&mut net, Side::Left, text.clone());
    plan_is(&net, "f -> changed; right: f=¶a red¶next");
    let unshown = &net.plan(0).effects[0].fields["f"].unshown;
    assert_eq!(*unshown, [LossKind::Colour].into());
    let said = net.plan(0).effects[0].fields["f"].losses();
    assert_eq!(said.as_deref(), Some("not shown here: colour"));
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(left_text(&net), text);
}

fn colour() {
    let mut net = two_notations("");
    let mut text = coloured();
    text.blocks[1] = Block::Paragraph(vec![red("last")]);
    put(&mut net, Side::Left, text.clone());
    plan_is(&net, "f -> changed");
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(left_text(&net), text);
}

fn winner() {
    let mut net = two_notations("conflict=right");
    let mut text = coloured();
    text.blocks[1] = Block::paragraph("left");
    put(&mut net, Side::Left, text);
    net.node_mut(Side::Right).edit("f", "¶a red¶right");
    plan_is(&net, "f <- won; left: f=¶a red¶right");
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(left_text(&net).blocks[0], coloured().blocks[0]);
}

fn merged() {
    let mut net = two_notations("conflict=merge");
    let mut text = coloured();
    text.blocks.insert(0, Block::paragraph("top"));
    put(&mut net, Side::Left, text);
    net.node_mut(Side::Right).edit("f", "¶a red¶bottom");
    plan_is(
        &net,
        "f merges; left: f=¶top¶a red¶bottom; right: f=¶top¶a red¶bottom",
    );
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(left_text(&net).blocks[1], coloured().blocks[0]);
}

/// The right side takes ten characters.
fn short(left: &str, right: Option<&str>) -> Net {
    let rules = TestRules::new("a", "b")
        .field("description", "")
        .field("g", "")
        .comments();
    let fields = |text| [("description", text), ("g", "x")];
    let right = right.map(|text| item(1, &fields(text)));
    let mut net = Net::pair(rules, Some(item(0, &fields(left))), right);
    net.node_mut(Side::Right).capabilities.description_max_chars = 10;
    net
}

fn too_long() {
    let mut net = short("¶short", Some("¶short"));
    net.rebase(0);
    net.node_mut(Side::Left).edit("description", "¶eleven long");
    net.node_mut(Side::Left).edit("g", "y");
    net.nodes[0].comment("1", "ada", "public", "hello");
    plan_is(
        &net,
        "description held too long; g -> changed; right: g=y; right add public 'ada¶hello'",
    );
    net.quiesce();
    plan_is(&net, "description held too long");
    net.node_mut(Side::Left).edit("description", "¶ten chars.");
    plan_is(
        &net,
        "description -> changed; right: description=¶ten chars.",
    );
}

fn too_long_create() {
    let mut net = short("¶eleven long", None);
    plan_is(
        &net,
        "description held too long; g -> created; right create g=x",
    );
    net.quiesce();
    plan_is(&net, "description held too long");
    net.node_mut(Side::Left).edit("description", "¶short");
    plan_is(&net, "description -> first; right: description=¶short");
}

fn too_long_release() {
    let mut net = short("¶short", Some("¶short"));
    net.rebase(0);
    net.node_mut(Side::Left).edit("description", "¶eleven long");
    net.twins[0]
        .release
        .insert("description".into(), Side::Left);
    let plan = net.plan(0);
    assert_eq!(summary(&plan), "description held too long");
    let (chars, limit) = (11, 10);
    assert_eq!(plan.held()["description"], Hold::TooLong { chars, limit });
}

fn crosses_as_it_is(text: &str) {
    let rules = TestRules::new("a", "b")
        .field("f", "")
        .field("long", "")
        .comments();
    let fields = [("f", "a"), ("long", "¶a")];
    let mut net = Net::pair(rules, Some(item(0, &fields)), Some(item(1, &fields)));
    net.node_mut(Side::Right).capabilities.dialect = Dialect::Markdown;
    net.node_mut(Side::Right).normalise = markdown;
    net.rebase(0);
    net.node_mut(Side::Left).edit("f", text);
    let long = format!("¶{text}");
    net.node_mut(Side::Left).edit("long", &long);
    net.nodes[0].comment("1", "ada", "public", text);
    net.quiesce();
    plan_is(&net, "");
    let there = net.nodes[1].item.clone().unwrap();
    assert_eq!(there.get("f"), Some(&Value::text(text)));
    assert_eq!(there.get("long").map(super::values::show), Some(long));
    let comments = there.comments.unwrap();
    assert_eq!(comments[0].body.plain(), format!("ada\n\n{text}"));
}

fn controls() {
    fn dropping(_: &FieldName, value: &Value) -> Value {
        match value {
            Value::Text(text) => Value::text(text.replace(char::is_control, "")),
            other => other.clone(),
        }
    }
    let mut net = super::in_step("", "a");
    net.node_mut(Side::Right).normalise = dropping;
    net.node_mut(Side::Left).edit("f", "be\u{7}ll \u{0}nul");
    net.quiesce();
    plan_is(&net, "");
    let there = net.nodes[1].item.as_ref().unwrap().get("f");
    assert_eq!(there, Some(&Value::text("bell nul")));
    net.node_mut(Side::Right).edit("f", "other");
    plan_is(&net, "f <- changed; left: f=other");
}
