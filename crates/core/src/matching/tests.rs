use super::*;
use crate::item::Choice;
use crate::richtext::Document;
use crate::time::Timestamp;

fn view(fields: &[(&str, Value)]) -> View {
    View {
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect(),
        comments: Vec::new(),
        attachments: Vec::new(),
    }
}

/// Whether two values are alike, each as the one field of a view.
fn alike(one: &Value, other: &Value) -> bool {
    let of = |value: &Value| likeness(&view(&[("x", value.clone())]), &["x".into()]).unwrap();
    of(one) == of(other)
}

fn choice(id: &str, name: &str) -> Choice {
    Choice {
        id: id.to_owned(),
        name: name.to_owned(),
    }
}

fn user(id: &str, email: Option<&str>, login: Option<&str>) -> User {
    User {
        id: id.to_owned(),
        name: Some(format!("name of {id}")),
        email: email.map(str::to_owned),
        login: login.map(str::to_owned),
    }
}

#[test]
fn values_are_compared_as_what_they_say() {
    let text = |text: &str| Value::text(text);
    let rich = |text: &str| Value::Rich(Document::from_plain(text));
    let mail = |id: &str, mail: &str| Value::User(user(id, Some(mail), None));
    let yes = [
        (text("a"), text("  a\n")),
        (text("12"), Value::number(12)),
        (text("x y"), rich("x y")),
        (text("high"), Value::Choice(choice("7", "high"))),
        (
            Value::Choice(choice("1", "x")),
            Value::Choice(choice("2", "x")),
        ),
        (Value::set(["b", "a"]), Value::set(["a", "b"])),
        (Value::Bool(true), text("true")),
        (text("2026-01-31"), Value::Date("2026-01-31".to_owned())),
        (mail("1", "Ana@x.example"), mail("2", "ana@x.example")),
        (
            Value::Users(BTreeSet::from([user("1", None, Some("ana"))])),
            Value::User(user("9", None, Some("Ana"))),
        ),
        (
            Value::Cascade(vec![choice("1", "a"), choice("2", "b")]),
            text("a / b"),
        ),
    ];
    for (one, other) in yes {
        assert!(alike(&one, &other), "{one:?} {other:?}");
    }
    let no = [
        (text("a"), text("A")),
        (text("a b"), text("a  b")),
        (Value::set(["a", "b"]), Value::set(["a"])),
        (rich("x"), rich("y")),
        (
            Value::Time(Timestamp::from_millis(1)),
            Value::Time(Timestamp::from_millis(2)),
        ),
        (mail("1", "ana@x.example"), mail("1", "ben@x.example")),
    ];
    for (one, other) in no {
        assert!(!alike(&one, &other), "{one:?} {other:?}");
    }
}

#[test]
fn an_item_that_lacks_a_field_is_like_no_other() {
    let fields: Vec<ReplicaField> = vec!["a".into(), "b".into()];
    let check = |b: Option<Value>, expected: Option<&str>| {
        let mut view = view(&[("a", Value::text("x"))]);
        view.fields.extend(b.map(|b| ("b".into(), b)));
        let lacks = likeness(&view, &fields).err();
        assert_eq!(lacks, expected.map(ReplicaField::from));
    };
    check(Some(Value::text("y")), None);
    check(None, Some("b"));
    for empty in [
        Value::Empty,
        Value::text(" \t"),
        Value::Set(BTreeSet::new()),
        Value::set([" "]),
        Value::Rich(Document::default()),
        Value::Json(serde_json::Value::Null),
        Value::Choice(choice("1", "")),
    ] {
        check(Some(empty), Some("b"));
    }
}

#[test]
fn texts_of_two_fields_do_not_run_into_each_other() {
    let fields: Vec<ReplicaField> = vec!["a".into(), "b".into()];
    let of = |a: &str, b: &str| {
        let view = view(&[("a", Value::text(a)), ("b", Value::text(b))]);
        likeness(&view, &fields).unwrap()
    };
    assert_ne!(of("x", "y"), of("y", "x"));
    assert_ne!(of("xy", "z"), of("x", "yz"));
}

/// Each side as `item=likeness` words, `item` alone where it is like no other; expected as the items' names.
fn check(left: &str, right: &str, pairs: &str, ambiguous: &str, unmatched: &str) {
    let read = |words: &str| -> Vec<(ItemId, Option<Digest>)> {
        let one = |word: &str| {
            let (id, like) = word.split_once('=').unwrap_or((word, ""));
            let item = ItemId {
                node: "n".into(),
                id: id.to_owned(),
            };
            (
                item,
                (!like.is_empty()).then(|| Digest::of_bytes(like.as_bytes())),
            )
        };
        words.split_whitespace().map(one).collect()
    };
    let lists = Sides {
        left: read(left),
        right: read(right),
    };
    let singles = Sides::from_fn(|side| {
        let list = lists.get(side).iter();
        list.map(|(item, likeness)| Single {
            item,
            likeness: likeness.as_ref(),
        })
        .collect()
    });
    let found = matched(&singles);
    let names = |side, places: &[usize]| {
        let list: &Vec<(ItemId, Option<Digest>)> = lists.get(side);
        let names: Vec<&str> = places
            .iter()
            .map(|place| list[*place].0.id.as_str())
            .collect();
        names.join(",")
    };
    let both = |left: &[usize], right: &[usize]| {
        use crate::names::Side::{Left, Right};
        format!("{}-{}", names(Left, left), names(Right, right))
    };
    let shown: Vec<String> = found
        .pairs
        .iter()
        .map(|pair| both(&[pair.left], &[pair.right]))
        .collect();
    assert_eq!(shown.join(" "), pairs, "pairs of {left} | {right}");
    let shown: Vec<String> = found
        .ambiguous
        .iter()
        .map(|group| both(&group.left, &group.right))
        .collect();
    assert_eq!(shown.join(" "), ambiguous, "ambiguous of {left} | {right}");
    let shown = both(&found.unmatched.left, &found.unmatched.right);
    assert_eq!(shown, unmatched, "unmatched of {left} | {right}");
}

#[test]
fn one_on_each_side_is_a_pair_and_more_are_for_a_person() {
    check("", "", "", "", "-");
    check("a=x", "p=x", "a-p", "", "-");
    check("a=x b=y", "p=y q=x", "a-q b-p", "", "-");
    check("a=x", "p=y", "", "", "a-p");
    check("a", "p", "", "", "a-p");
    check("a=x", "p", "", "", "a-p");
    // Whichever side has more.
    check("a=x b=x", "p=x", "", "a,b-p", "-");
    check("a=x", "p=x q=x", "", "a-p,q", "-");
    check("a=x b=x", "p=x q=x", "", "a,b-p,q", "-");
    check("a=x b=x", "p=y", "", "", "a,b-p");
    check("c=z a=x b=y d", "r=y p=x q=x s=w", "b-r", "a-p,q", "c,d-s");
}

#[test]
fn what_pages_repeat_counts_once_and_nothing_is_its_own_partner() {
    check("a=x a=x", "p=x p=x", "a-p", "", "-");
    check("a=x a=y", "p=x q=y", "a-p", "", "-q");
    check("a=x", "a=x", "", "", "a-a");
    check("a=x", "a=x b=x", "", "a-a,b", "-");
    check("a=x b=x", "a=x b=x", "", "a,b-a,b", "-");
}
